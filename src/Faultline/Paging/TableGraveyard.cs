using Faultline.Physical;
using Faultline.Sync;
using Faultline.Translation;

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
    private const int BatchSize = 32;

    private readonly AddressSpace _space;

    // Tables that walkers may stand on, and tables that are zeroes nobody knows. All guarded by _gate.
    private readonly uint[] _waiting = new uint[BatchSize];
    private readonly uint[] _clean = new uint[BatchSize];
    private int _waits;
    private int _cleans;
    private SpinGate _gate = new(LockRank.TableGraveyard);

    public TableGraveyard(AddressSpace space)
    {
        _space = space;
        space.Memory.Frames.Register(this);
    }

    /// <summary>Adds a table that no parent points to any more. Under the page-table lock, after <see cref="HasRoom"/> was true.</summary>
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
        _waiting[_waits++] = frame;
        _gate.Exit();
    }

    /// <summary>One more table can be buried. Under the page-table lock: others only make more room.</summary>
    public bool HasRoom
    {
        get
        {
            _gate.Enter();
            bool hasRoom = _waits < BatchSize;
            _gate.Exit();
            return hasRoom;
        }
    }

    /// <summary>Waits for the walkers that may stand on the tables buried so far. Holding nothing that others wait for.</summary>
    public void MakeRoom()
    {
        // Taken out first: who buries a table meanwhile holds the page-table lock, and may not wait for a session.
        Span<uint> frames = stackalloc uint[BatchSize];
        _gate.Enter();
        frames = frames[.._waits];
        _waiting.AsSpan(0, _waits).CopyTo(frames);
        _waits = 0;
        _gate.Exit();

        Shootdown.WaitForAllSections(_space);
        _gate.Enter();
        int kept = Math.Min(frames.Length, BatchSize - _cleans);
        foreach (uint clean in frames[..kept])
        {
            // No walker is left that could have marked it. Published by the release store that installs the table.
            Native.StoreRelaxed(ref _space.Memory.Info(clean).Accessors, 0);
            _clean[_cleans++] = clean;
        }

        _gate.Exit();
        _space.Memory.Frames.Free(frames[kept..]);
    }

    /// <summary>An empty table to be installed again; 0 if there is none, or if others are at it. Outside sections.</summary>
    public uint TryTake()
    {
        // The last to come is the one that the cache still holds.
        if (!_gate.TryEnter()) return PhysicalMemory.NoFrame;
        uint frame = _cleans == 0 ? PhysicalMemory.NoFrame : _clean[--_cleans];
        _gate.Exit();
        return frame;
    }

    /// <summary>Waits for the walkers and frees everything; the number of frames that went home. Never inside a section.</summary>
    public int Release()
    {
        // A session of this very thread would be waited for in vain.
        if (Threads.OpenSessions != 0) return 0;
        _gate.Enter();
        int freed = _waits + _cleans;
        if (_waits != 0) Shootdown.WaitForAllSections(_space);
        _space.Memory.Frames.Free(_waiting.AsSpan(0, _waits));
        _space.Memory.Frames.Free(_clean.AsSpan(0, _cleans));
        _waits = _cleans = 0;
        _gate.Exit();
        return freed;
    }

    /// <summary>The space is gone, and with it every walker.</summary>
    public void Close()
    {
        _space.Memory.Frames.Unregister(this);
        Release();
    }
}
