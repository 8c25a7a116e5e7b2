namespace Faultline.Traces;

/// <summary>A page fault. Kernel-mode faults on user addresses belong to the program too.</summary>
public struct FaultData
{
    /// <summary>The faulting address, to the byte.</summary>
    public ulong Address;

    /// <summary>The instruction; 0 when the recorder gave a kernel symbol instead (<see cref="Symbol"/>).</summary>
    public ulong Instruction;

    /// <summary>The kernel function that faulted, as an index into the strings; -1 when <see cref="Instruction"/> holds.</summary>
    public int Symbol;

    /// <summary>The x86 page-fault error code.</summary>
    public FaultCode Code;

    /// <summary>Taken in kernel mode (copies to and from the user, the loader, the clearing of a thread's id).</summary>
    public readonly bool IsKernel => (Code & FaultCode.User) == 0;

    /// <summary>The entry was present and lacked the right; else it was absent.</summary>
    public readonly bool IsProtection => (Code & FaultCode.Protection) != 0;

    /// <summary>The access was a write.</summary>
    public readonly bool IsWrite => (Code & FaultCode.Write) != 0;

    /// <summary>The access was an instruction fetch.</summary>
    public readonly bool IsFetch => (Code & FaultCode.Fetch) != 0;
}

/// <summary>Bits of the x86 page-fault error code (Intel SDM volume 3, "Page-Fault Exception").</summary>
[Flags]
public enum FaultCode : uint
{
    /// <summary>A kernel read of an absent page.</summary>
    None = 0,

    /// <summary>The entry was present; the access broke its rights.</summary>
    Protection = 1 << 0,

    /// <summary>A write.</summary>
    Write = 1 << 1,

    /// <summary>In user mode.</summary>
    User = 1 << 2,

    /// <summary>A reserved bit was set in a table.</summary>
    Reserved = 1 << 3,

    /// <summary>An instruction fetch.</summary>
    Fetch = 1 << 4,

    /// <summary>A protection key forbade it.</summary>
    ProtectionKey = 1 << 5,
}
