using System.Runtime.CompilerServices;

namespace Faultline.Traces;

/// <summary>A system call, its enter and exit in one: it took effect somewhere between the two.</summary>
public struct CallData
{
    // The kernel returns -errno in this range; every other value is a result.
    private const long MaxErrno = 4095;

    /// <summary>When it returned; with <see cref="CallFlags.NoExit"/> the last moment known for it (else its enter).</summary>
    public long ExitTime;

    /// <summary>What it returned: a value, or minus the errno. 0 with <see cref="CallFlags.NoExit"/>.</summary>
    public long Result;

    /// <summary>Up to six arguments in the kernel's order; those that the call does not have are 0.</summary>
    public CallArguments Arguments;

    /// <summary>Which call.</summary>
    public SystemCall Number;

    /// <summary>What is missing of it.</summary>
    public CallFlags Flags;

    /// <summary>The enter and the exit were both recorded, so arguments and result hold.</summary>
    public readonly bool IsComplete => Flags == CallFlags.None;

    /// <summary>The errno, 0 when the call succeeded.</summary>
    public readonly int Errno => Result is < 0 and >= -MaxErrno ? (int)-Result : 0;
}

/// <summary>Six arguments of a call.</summary>
[InlineArray(Count)]
public struct CallArguments
{
    /// <summary>Linux passes at most six arguments in registers.</summary>
    public const int Count = 6;

    private ulong _first;
}

/// <summary>What a recorded call lacks.</summary>
[Flags]
public enum CallFlags : byte
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>No exit was recorded: the call never returns (exit), its exit is not traced (fork family), or the thread died in it.</summary>
    NoExit = 1,

    /// <summary>No enter was recorded: the recording began inside the call. The arguments are 0.</summary>
    NoEnter = 2,
}
