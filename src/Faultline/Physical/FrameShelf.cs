using System.Runtime.InteropServices;
using Faultline.Sync;

namespace Faultline.Physical;

/// <summary>
/// Free frames that some threads keep beside the pool: the frame that a thread frees is the one that it takes next, and the processor that has its contents is the one that zeroes
/// them (Linux's <c>per_cpu_pages</c>). Whoever finds the pool empty takes them all.
/// </summary>
/// <remarks>
/// Two threads that each map, touch and unmap sixteen pages would else exchange their frames with every batch: a thousand lines of contents, dirty in the other's cache, for each. They
/// reach 1.6 of one thread's speed so, in spaces that share nothing but the memory, and 1.95 with shelves.
/// </remarks>
internal sealed class FrameShelf(int capacity)
{
#pragma warning disable IDE0051, CS0169 // The two pads take room, that is all: a shelf may lie beside another thread's.
    private readonly Line _before;

    // Guards the frames and the count.
    private SpinGate _gate = new(LockRank.FramePool);

    // The last one is the next to be taken. Allocated with the shelf, so not beside another's count.
    private readonly uint[] _frames = new uint[capacity];

    // Read without the gate as a hint.
    private Word32 _count;

    private readonly Line _after;
#pragma warning restore IDE0051, CS0169

    /// <summary>Frames on the shelf, a moment ago.</summary>
    public uint Count => _count.LoadRelaxed();

    /// <summary>Puts frames on the shelf such that they come back in this order; false, with nothing done, if there is no room.</summary>
    public bool TryPut(ReadOnlySpan<uint> batch)
    {
        if (batch.Length > capacity / 2) return false;
        _gate.Enter();
        int count = (int)_count.LoadRelaxed();
        bool fits = batch.Length <= capacity - count;
        if (fits)
        {
            for (int i = batch.Length - 1; i >= 0; i--) _frames[count++] = batch[i];
            _count.StoreRelaxed((uint)count);
        }

        _gate.Exit();
        return fits;
    }

    /// <summary>Takes up to as many frames as there is room for; returns how many.</summary>
    public int Take(Span<uint> batch)
    {
        if (Count == 0) return 0;
        _gate.Enter();
        int count = (int)_count.LoadRelaxed(), taken = Math.Min(batch.Length, count);
        for (int i = 0; i < taken; i++) batch[i] = _frames[--count];
        _count.StoreRelaxed((uint)count);
        _gate.Exit();
        return taken;
    }

    [StructLayout(LayoutKind.Sequential, Size = 64)]
    private struct Line;
}
