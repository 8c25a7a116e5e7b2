using Faultline.Physical;
using Faultline.Sync;
using Faultline.Translation;

namespace Faultline.Paging;

/// <summary>The detached tables of the spans that share a gate of the page table: <see cref="TableGraveyard"/>.</summary>
internal sealed class GraveyardRow(AddressSpace space)
{
    private const int BatchSize = 32;

    // Tables that walkers may stand on, and tables that are zeroes nobody knows. All guarded by _gate.
    private readonly uint[] _waiting = new uint[BatchSize];
    private readonly uint[] _clean = new uint[BatchSize];
    private int _waits;
    private int _cleans;
    private SpinGate _gate = new(LockRank.TableGraveyard);

    /// <summary>Under the gate of the spans, after <see cref="HasRoom"/> was true.</summary>
    public void Bury(uint frame)
    {
        _gate.Enter();
        _waiting[_waits++] = frame;
        _gate.Exit();
    }

    /// <summary>One more table can be buried. Under the gate of the spans: others only make more room.</summary>
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

    /// <inheritdoc cref="TableGraveyard.MakeRoom"/>
    public void MakeRoom()
    {
        // Taken out first: who buries a table meanwhile holds the gate of the spans, and may not wait for a session.
        Span<uint> frames = stackalloc uint[BatchSize];
        _gate.Enter();
        frames = frames[.._waits];
        _waiting.AsSpan(0, _waits).CopyTo(frames);
        _waits = 0;
        _gate.Exit();

        Shootdown.WaitForAllSections(space);
        _gate.Enter();
        int kept = Math.Min(frames.Length, BatchSize - _cleans);
        foreach (uint clean in frames[..kept])
        {
            // No walker is left that could have marked it. Published by the release store that installs the table.
            Native.StoreRelaxed(ref space.Memory.Info(clean).Accessors, 0);
            _clean[_cleans++] = clean;
        }

        _gate.Exit();
        space.Memory.Frames.Free(frames[kept..]);
    }

    /// <inheritdoc cref="TableGraveyard.TryTake"/>
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
        _gate.Enter();
        int freed = _waits + _cleans;
        if (_waits != 0) Shootdown.WaitForAllSections(space);
        space.Memory.Frames.Free(_waiting.AsSpan(0, _waits));
        space.Memory.Frames.Free(_clean.AsSpan(0, _cleans));
        _waits = _cleans = 0;
        _gate.Exit();
        return freed;
    }
}
