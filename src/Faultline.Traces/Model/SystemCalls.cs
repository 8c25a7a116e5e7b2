namespace Faultline.Traces;

/// <summary>What is fixed about each <see cref="SystemCall"/>.</summary>
public static class SystemCalls
{
    private readonly record struct Facts(string Name, int Arguments, bool Exits = true);

    // Indexed by SystemCall. Argument counts are part of the file format.
    private static readonly Facts[] s_facts =
    [
        default,
        new("mmap", 6),
        new("munmap", 2),
        new("mprotect", 3),
        new("mremap", 5),
        new("madvise", 3),
        new("brk", 1),
        new("mlock", 2),
        new("munlock", 2),
        new("msync", 3),
        new("mincore", 3),
        new("execve", 3),
        new("fork", 0, Exits: false),
        new("vfork", 0, Exits: false),
        new("clone", 5, Exits: false),
        new("clone3", 2, Exits: false),
        new("exit", 1, Exits: false),
        new("exit_group", 1, Exits: false),
        new("mlock2", 3),
        new("mlockall", 1),
        new("munlockall", 0),
        new("pkey_mprotect", 4),
        new("shmat", 3),
        new("shmdt", 1),
        new("process_madvise", 5),
        new("ftruncate", 2),
        new("prlimit64", 4),
        new("execveat", 5),
    ];

    private static readonly Dictionary<string, SystemCall> s_byName =
        All.ToDictionary(call => call.Name(), StringComparer.Ordinal);

    internal static Dictionary<string, SystemCall>.AlternateLookup<ReadOnlySpan<char>> ByName { get; } =
        s_byName.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Every call.</summary>
    public static IEnumerable<SystemCall> All => Enumerable.Range(1, s_facts.Length - 1).Select(number => (SystemCall)number);

    /// <summary>The kernel's name: <c>exit_group</c>.</summary>
    public static string Name(this SystemCall call) => s_facts[(int)call].Name;

    /// <summary>How many arguments it takes.</summary>
    public static int ArgumentCount(this SystemCall call) => s_facts[(int)call].Arguments;

    /// <summary>Whether recordings hold its exit: not for the fork family (the child is its own event) and not for exit.</summary>
    public static bool HasExit(this SystemCall call) => s_facts[(int)call].Exits;

    internal static bool IsDefined(SystemCall call) => (int)call > 0 && (int)call < s_facts.Length;
}
