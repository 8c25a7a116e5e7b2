using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Paging;

/// <summary>
/// Detached page tables that wait until every walker section which might stand on them has ended; then the space may install them again, or they are freed.
/// </summary>
/// <remarks>
/// <para>A walker leaves no trace in a table that it only reads, so freeing one must look at <em>all</em> accessors of the space. Doing so for
/// every unmapped page would make unmap pay for idle accessors; a batch pays once. (Linux defers tables to RCU for the same reason.)</para>
/// <para>A detached table has no entries left: it is a frame of zeroes that is worth keeping. A program that maps and unmaps one place needs three for each round, which
/// would cost more to zero than the page that it asked for. (Linux once kept such <em>quicklists</em>.) Whoever runs out of memory takes them.</para>
/// </remarks>
internal sealed class TableGraveyard : IFrameReserve
{
    private readonly AddressSpace _space;

    // A row for each gate of the page table, under which it is put here when the first table comes; a compare-and-swap publishes it.
    private readonly Ref<GraveyardRow?>[] _rows = new Ref<GraveyardRow?>[PageTable.Gates];

    public TableGraveyard(AddressSpace space)
    {
        _space = space;
        space.Memory.Frames.Register(this);
    }

    /// <summary>Adds a table that no parent points to any more. Under the gate of the address's span, after <see cref="HasRoom"/> was true.</summary>
    public void Bury(ulong address, uint frame)
    {
#if FAULTLINE_EXPLORE
        if (Mutants.Active == Mutant.FreeTablesAtOnce)
        {
            _space.Memory.Frames.Free(frame);
            return;
        }
#endif
        ref Ref<GraveyardRow?> row = ref RowOf(address);
        if (row.LoadAcquire() is null) row.CompareExchange(new GraveyardRow(_space), null);
        row.LoadAcquire()!.Bury(frame);
    }

    /// <summary>One more table can be buried. Under the gate of the address's span: others only make more room.</summary>
    public bool HasRoom(ulong address) => RowOf(address).LoadAcquire()?.HasRoom ?? true;

    /// <summary>Waits for the walkers that may stand on the tables buried so far. Holding nothing that others wait for.</summary>
    public void MakeRoom(ulong address) => RowOf(address).LoadAcquire()?.MakeRoom();

    /// <summary>An empty table to be installed again; 0 if there is none, or if others are at it. Outside sections.</summary>
    public uint TryTake(ulong address) => RowOf(address).LoadAcquire()?.TryTake() ?? PhysicalMemory.NoFrame;

    /// <summary>Waits for the walkers and frees everything; the number of frames that went home. Never inside a section.</summary>
    public int Release()
    {
        // A session of this very thread would be waited for in vain.
        if (Threads.OpenSessions != 0) return 0;
        int freed = 0;
        foreach (ref Ref<GraveyardRow?> row in _rows.AsSpan()) freed += row.LoadAcquire()?.Release() ?? 0;
        return freed;
    }

    /// <summary>The space is gone, and with it every walker.</summary>
    public void Close()
    {
        _space.Memory.Frames.Unregister(this);
        Release();
    }

    private ref Ref<GraveyardRow?> RowOf(ulong address) => ref _rows[PageTable.GateIndex(address)];
}
