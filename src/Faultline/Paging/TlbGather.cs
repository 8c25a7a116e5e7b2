using Faultline.Physical;
using Faultline.Sync;
using Faultline.Translation;

namespace Faultline.Paging;

/// <summary>
/// Collects frames whose entries were cleared, until one shootdown covers them all; only then do they go back (Linux <c>mmu_gather</c>).
/// </summary>
internal ref struct TlbGather
{
    /// <summary>Frames that one flush frees at most: a whole table's worth, on the caller's stack.</summary>
    public const int Capacity = TableLevel.EntriesPerTable;

    private readonly AddressSpace _space;
    private readonly Span<uint> _frames;
    private int _count;
    private ulong _accessors;
    private ulong _start;
    private ulong _end;

    public TlbGather(AddressSpace space, Span<uint> buffer)
    {
        _space = space;
        _frames = buffer;
        _start = ulong.MaxValue;
    }

    /// <summary>Room for frames before <see cref="Flush"/> is due.</summary>
    public readonly int Room => _frames.Length - _count;

    /// <summary>
    /// Entries of [start, end) in <paramref name="table"/> were cleared or restricted. Under the table's lock, before it is dropped.
    /// </summary>
    /// <remarks>
    /// The generation goes up before the accessors are read, with a full fence between. A lock-free fill does the reverse: it sets its accessor bit and its
    /// tags, fences, and re-reads the generation. One of the two sees the other.
    /// </remarks>
    public void Cleared(ref FrameInfo table, ulong start, ulong end)
    {
        Native.StoreRelaxed(ref table.Generation, table.Generation + 1);
        Fence.Full();

        // Acquire: who set a bit was published before; its slot is read later.
        _accessors |= Native.LoadAcquire(ref table.Accessors);
        _start = Math.Min(_start, start);
        _end = Math.Max(_end, end);
    }

    /// <summary>An entry that mapped <paramref name="frame"/> is gone; its reference is given up by the next flush.</summary>
    public void Add(uint frame) => _frames[_count++] = frame;

    /// <summary>Shoots down what was cleared, then drops the references. Without any PTE lock held.</summary>
    public void Flush()
    {
        bool isDue = _end != 0;
#if FAULTLINE_EXPLORE
        isDue &= Mutants.Active != Mutant.DropReferenceBeforeShootdown;
#endif
        if (isDue) Shootdown.Invalidate(_space, _accessors, _start, _end);
        int free = 0;
        foreach (uint frame in _frames[.._count])
        {
            if (FrameReferences.DropReference(ref _space.Memory.Info(frame))) _frames[free++] = frame;
        }
#if FAULTLINE_EXPLORE
        if (!isDue && _end != 0) Shootdown.Invalidate(_space, _accessors, _start, _end);
#endif

        if (free != 0) _space.Memory.Frames.Free(_frames[..free]);
        _count = 0;
        _accessors = 0;
        _start = ulong.MaxValue;
        _end = 0;
    }
}
