using Faultline.Physical;
using Faultline.Sync;
using Faultline.Translation;

namespace Faultline.Paging;

/// <summary>
/// Detached page tables that wait until every walker section which might stand on them has ended; then they are freed together.
/// </summary>
/// <remarks>
/// A walker leaves no trace in a table that it only reads, so freeing one must look at <em>all</em> accessors of the space. Doing so for
/// every unmapped page would make unmap pay for idle accessors; a batch pays once. (Linux defers tables to RCU for the same reason.)
/// </remarks>
internal sealed class TableGraveyard : IFrameReserve
{
    private const int BatchSize = 32;

    private readonly AddressSpace _space;

    // _frames and _count are guarded by _gate.
    private readonly uint[] _frames = new uint[BatchSize];
    private int _count;
    private SpinGate _gate;

    public TableGraveyard(AddressSpace space)
    {
        _space = space;
        space.Memory.Frames.Register(this);
    }

    /// <summary>Adds a table that no parent points to any more. Under the page-table lock.</summary>
    public void Bury(uint frame)
    {
#if FAULTLINE_EXPLORE
        if (Mutants.Active == Mutant.FreeTablesAtOnce)
        {
            _space.Memory.Frames.Free(frame);
            return;
        }
#endif
        _gate.Enter();
        if (_count == BatchSize) EmptyLocked();
        _frames[_count++] = frame;
        _gate.Exit();
    }

    /// <summary>Waits for the walkers and frees everything; the number of frames that went home. Never inside a section.</summary>
    public int Release()
    {
        // A session of this very thread would be waited for in vain.
        if (Threads.OpenSessions != 0) return 0;
        _gate.Enter();
        int freed = _count;
        EmptyLocked();
        _gate.Exit();
        return freed;
    }

    /// <summary>The space is gone, and with it every walker.</summary>
    public void Close()
    {
        _space.Memory.Frames.Unregister(this);
        Release();
    }

    private void EmptyLocked()
    {
        if (_count == 0) return;
        Shootdown.WaitForAllSections(_space);
        _space.Memory.Frames.Free(_frames.AsSpan(0, _count));
        _count = 0;
    }
}
