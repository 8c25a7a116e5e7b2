using Faultline.Areas;
using Faultline.Locking;
using Faultline.Paging;
using Faultline.Physical;
namespace Faultline;
#pragma warning disable
/// <summary>x</summary>
public sealed partial class AddressSpace : IDisposable
{
    /// <summary>x</summary>
    public AddressSpace(PhysicalMemory memory, AddressSpaceOptions options) { Memory = memory; Options = options; PageTable = PageTable.TryCreate(memory)!; Graveyard = new(this); }
    internal PhysicalMemory Memory { get; }
    internal AddressSpaceOptions Options { get; }
    internal MmapLock MmapLock { get; } = new();
    internal AreaTree Areas { get; } = new();
    internal PageTable PageTable { get; }
    internal bool IsDisposed => false;
    internal bool TryGrowStack(ulong a) => false;
    /// <summary>x</summary>
    public void Dispose() {}
}
