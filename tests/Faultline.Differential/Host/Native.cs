using System.Runtime.InteropServices;

namespace Faultline.Differential.Host;

/// <summary>Linux <c>struct user_regs_struct</c> for x86-64.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Registers
{
    public ulong R15, R14, R13, R12, Rbp, Rbx, R11, R10, R9, R8, Rax, Rcx, Rdx, Rsi, Rdi, OrigRax, Rip, Cs, Flags, Rsp, Ss, FsBase, GsBase, Ds, Es, Fs, Gs;
}

/// <summary>The head of Linux <c>siginfo_t</c>.</summary>
[StructLayout(LayoutKind.Sequential, Size = 128)]
internal struct SignalInfo
{
    public int Signal, Errno, Code;
    public ulong Address;
}

/// <summary>What .NET has no call for.</summary>
internal static unsafe partial class Native
{
    public const int PtraceContinue = 7, PtraceSingleStep = 9, PtraceGetRegisters = 12, PtraceSetRegisters = 13;
    public const int PtraceGetEventMessage = 0x4201, PtraceGetSignalInfo = 0x4202, PtraceSeize = 0x4206, PtraceInterrupt = 0x4207;
    public const nuint TraceFork = 1 << 1, ExitKill = 1 << 20;
    public const int EventFork = 1, EventStop = 128;
    public const int WaitAll = 0x4000_0000;
    public const int Kill = 9, IllegalInstruction = 4, BusError = 7, FloatingPoint = 8, SegmentationFault = 11, ChildEnded = 17, Trap = 5;

    // A SIGSEGV's code that is about no address: a general protection fault.
    public const int FromKernel = 128;
    public const ulong NoRandomisation = 0x004_0000;
    public const ulong TrapFlag = 1 << 8;

    [LibraryImport("libc", EntryPoint = "ptrace", SetLastError = true)]
    public static partial nint Ptrace(int request, int process, nuint address, nuint data);

    [LibraryImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    public static partial int WaitFor(int process, out int status, int options);

    [LibraryImport("libc", EntryPoint = "kill")]
    public static partial int SendSignal(int process, int signal);

    [LibraryImport("libc", EntryPoint = "sched_getcpu")]
    public static partial int CurrentProcessor();

    /// <summary>The processors that a thread (0: the caller) may run on: a bit each, of 1024.</summary>
    [LibraryImport("libc", EntryPoint = "sched_getaffinity")]
    public static partial int GetAffinity(int thread, nuint size, Span<byte> mask);

    [LibraryImport("libc", EntryPoint = "sched_setaffinity")]
    public static partial int SetAffinity(int thread, nuint size, ReadOnlySpan<byte> mask);

    [LibraryImport("libc", EntryPoint = "pipe2")]
    public static partial int Pipe(int* ends, int flags);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    public static partial long SystemCall(long number, ulong a, ulong b, ulong c, ulong d, ulong e, ulong f);

    [LibraryImport("libc", EntryPoint = "personality")]
    public static partial int Personality(ulong value);

    [LibraryImport("libc", EntryPoint = "memfd_create", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    public static partial int MemoryFile(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "posix_spawn", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Spawn(out int process, string path, nint actions, nint attributes, byte** arguments, byte** environment);
}
