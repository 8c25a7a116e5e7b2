using Faultline.Sync;

namespace Faultline;

/// <summary>
/// Resource limits of an address space, in bytes (Linux <c>setrlimit</c>). May be changed at any time; a change counts from the next call on and
/// takes nothing away that is already there.
/// </summary>
public sealed class ResourceLimits
{
    /// <summary>No limit (<c>RLIM_INFINITY</c>).</summary>
    public const ulong Unlimited = ulong.MaxValue;

    private const ulong DefaultStack = 8UL << 20;
    private const ulong DefaultMemoryLock = 8UL << 20;

    // Independent words that any thread may set: every check reads one of them once.
    private Word64 _addressSpace = new(Unlimited);
    private Word64 _data = new(Unlimited);
    private Word64 _stack = new(DefaultStack);
    private Word64 _memoryLock = new(DefaultMemoryLock);

    /// <summary>All mapped memory together (<c>RLIMIT_AS</c>). Default: unlimited.</summary>
    public ulong AddressSpace
    {
        get => _addressSpace.LoadRelaxed();
        set => _addressSpace.StoreRelaxed(value);
    }

    /// <summary>Private writable memory, the heap included (<c>RLIMIT_DATA</c>). Default: unlimited.</summary>
    public ulong Data
    {
        get => _data.LoadRelaxed();
        set => _data.StoreRelaxed(value);
    }

    /// <summary>Size to which one area may grow downwards (<c>RLIMIT_STACK</c>). Default: 8 MiB.</summary>
    public ulong Stack
    {
        get => _stack.LoadRelaxed();
        set => _stack.StoreRelaxed(value);
    }

    /// <summary>Locked memory (<c>RLIMIT_MEMLOCK</c>); 0 forbids locking altogether. Default: 8 MiB.</summary>
    public ulong MemoryLock
    {
        get => _memoryLock.LoadRelaxed();
        set => _memoryLock.StoreRelaxed(value);
    }

    internal ResourceLimits Copy() => new() { AddressSpace = AddressSpace, Data = Data, Stack = Stack, MemoryLock = MemoryLock };
}
