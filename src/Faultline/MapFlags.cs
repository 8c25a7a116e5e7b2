namespace Faultline;

/// <summary>Flags of <c>mmap</c>: Linux <c>MAP_*</c> for x86-64, same values. Bits that Linux ignores are ignored.</summary>
[Flags]
public enum MapFlags
{
    /// <summary>Changes are visible to every mapping of the same object.</summary>
    Shared = 0x01,

    /// <summary>Changes are copied on write.</summary>
    Private = 0x02,

    /// <summary>As <see cref="Shared"/>, and unknown flags are an error (EOPNOTSUPP).</summary>
    SharedValidate = 0x03,

    /// <summary>At exactly this address, replacing what is there.</summary>
    Fixed = 0x10,

    /// <summary>Not backed by a file; zero-filled.</summary>
    Anonymous = 0x20,

    /// <summary>In the lowest 2 GiB.</summary>
    Low32Bit = 0x40,

    /// <summary>A stack: grows downwards on a fault below it.</summary>
    GrowsDown = 0x0100,

    /// <summary>Ignored, as by Linux.</summary>
    DenyWrite = 0x0800,

    /// <summary>Ignored, as by Linux.</summary>
    Executable = 0x1000,

    /// <summary>Pages are locked in memory, as by <c>mlock</c>.</summary>
    Locked = 0x2000,

    /// <summary>Not counted against the overcommit limit.</summary>
    NoReserve = 0x4000,

    /// <summary>Pages are faulted in before the call returns.</summary>
    Populate = 0x8000,

    /// <summary>With <see cref="Populate"/>: without waiting for I/O; since Linux 2.6.23 it then populates nothing.</summary>
    NonBlock = 0x10000,

    /// <summary>A thread's stack: no huge pages (since Linux 6.7), which stops merging with other maps.</summary>
    Stack = 0x20000,

    /// <summary>Pages of the pool of huge pages: refused (ENOMEM), as by a kernel whose pool is empty.</summary>
    HugeTlb = 0x40000,

    /// <summary>For DAX files only: refused elsewhere (EOPNOTSUPP).</summary>
    Sync = 0x80000,

    /// <summary>At exactly this address, or EEXIST if anything is there.</summary>
    FixedNoReplace = 0x100000,
}
