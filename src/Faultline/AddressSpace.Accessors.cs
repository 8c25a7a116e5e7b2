using Faultline.Paging;
using Faultline.Translation;

namespace Faultline;

public sealed partial class AddressSpace
{
    internal AccessorSet Accessors { get; } = new();

    /// <summary>Detached page tables that wait for walkers.</summary>
    internal TableGraveyard Graveyard { get; }

    /// <summary>Accessors that may hold write permissions which a fork has taken away. Guarded by the writer lock, from the first area copied to the flush.</summary>
    internal ulong ForkedAccessors { get; set; }

    /// <summary>Creates an accessor for one more thread.</summary>
    /// <exception cref="ObjectDisposedException">The space has been disposed of.</exception>
    public MemoryAccessor CreateAccessor()
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        return new MemoryAccessor(this);
    }
}
