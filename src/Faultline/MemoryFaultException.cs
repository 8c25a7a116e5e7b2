namespace Faultline;

/// <summary>The signal that Linux would have delivered for an access.</summary>
public enum FaultSignal
{
    /// <summary>No signal: the access completed.</summary>
    None = 0,

    /// <summary>SIGBUS, <c>BUS_ADRERR</c>: beyond the end of the mapped object, or the page cannot be read from its file or swap device, or its file refuses the write.</summary>
    BusError = 7,

    /// <summary>SIGBUS, <c>BUS_MCEERR_AR</c>: the page was lost to a hardware error.</summary>
    HardwarePoison = 0x407,

    /// <summary>SIGSEGV, <c>SEGV_MAPERR</c>: nothing is mapped at the address.</summary>
    NotMapped = 0x10b,

    /// <summary>SIGSEGV, <c>SEGV_ACCERR</c>: the area's rights forbid the access.</summary>
    NotPermitted = 0x20b,

    /// <summary>No frame could be had: Linux would have called its OOM killer.</summary>
    OutOfMemory = 9,

    /// <summary>SIGKILL: <see cref="AddressSpace.Kill"/>. Whoever runs the guest ends it. The second byte only tells it from <see cref="OutOfMemory"/>.</summary>
    Killed = 0x109,
}

/// <summary>An access to guest memory ended in a signal (<see cref="FaultSignal"/>).</summary>
public sealed class MemoryFaultException : Exception
{
    /// <summary>Creates the exception.</summary>
    public MemoryFaultException(FaultSignal signal, ulong address, AccessKind access)
        : base($"{access} at 0x{address:x}: {Describe(signal)}")
    {
        Signal = signal;
        Address = address;
        Access = access;
    }

    /// <summary>What Linux would have delivered.</summary>
    public FaultSignal Signal { get; }

    /// <summary>The guest address of the access that failed, in bytes.</summary>
    public ulong Address { get; }

    /// <summary>What the access wanted.</summary>
    public AccessKind Access { get; }

    private static string Describe(FaultSignal signal) => signal switch
    {
        FaultSignal.NotMapped => "nothing is mapped there (SIGSEGV, SEGV_MAPERR)",
        FaultSignal.NotPermitted => "the area's rights forbid it (SIGSEGV, SEGV_ACCERR)",
        FaultSignal.BusError => "beyond the end of the mapped object, or its file or swap device failed (SIGBUS, BUS_ADRERR)",
        FaultSignal.HardwarePoison => "the page was lost to a hardware error (SIGBUS, BUS_MCEERR_AR)",
        FaultSignal.OutOfMemory => "no frame is free, or the space's memory group is at its limit (give PhysicalMemory a larger capacity, or the group)",
        FaultSignal.Killed => "the address space was killed (SIGKILL)",
        _ => "unknown signal",
    };
}
