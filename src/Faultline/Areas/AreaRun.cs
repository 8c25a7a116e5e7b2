using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Faultline.Areas;

/// <summary>What a leaf holds at one moment: up to sixteen areas in order. Immutable, so whoever has one sees all of it or nothing of its successor.</summary>
internal sealed class AreaRun
{
    /// <summary>Two 64-byte lines of ends. A longer run makes updates, which copy it, slower than it makes the tree flatter.</summary>
    public const int Capacity = 16;

    /// <summary>Stands in a leaf that left the tree: whoever meets it starts again from the root.</summary>
    public static readonly AreaRun Dead = new([]);

    private readonly Ends _ends;
    private readonly Slots _areas;

    public AreaRun(ReadOnlySpan<VmArea> areas)
    {
        Count = areas.Length;
        Span<ulong> ends = _ends;
        Span<VmArea?> slots = _areas;
        ends[areas.Length..].Fill(SortedKeys.Unused);
        for (int i = 0; i < areas.Length; i++)
        {
            Debug.Assert(i == 0 || areas[i - 1].End <= areas[i].Start, "Areas are in order and do not overlap.");
            slots[i] = areas[i];
            ends[i] = areas[i].End;
        }
    }

    /// <summary>A copy of <paramref name="source"/> with <paramref name="removed"/> areas from <paramref name="index"/> on replaced by others.</summary>
    public AreaRun(AreaRun source, int index, int removed, ReadOnlySpan<VmArea> added)
    {
        Count = source.Count - removed + added.Length;
        ReadOnlySpan<ulong> sourceEnds = source._ends;
        ReadOnlySpan<VmArea?> sourceSlots = source._areas;
        Span<ulong> ends = _ends;
        Span<VmArea?> slots = _areas;
        sourceEnds[..index].CopyTo(ends);
        sourceSlots[..index].CopyTo(slots);
        for (int i = 0; i < added.Length; i++)
        {
            slots[index + i] = added[i];
            ends[index + i] = added[i].End;
        }

        sourceEnds[(index + removed)..source.Count].CopyTo(ends[(index + added.Length)..]);
        sourceSlots[(index + removed)..source.Count].CopyTo(slots[(index + added.Length)..]);
        ends[Count..].Fill(SortedKeys.Unused);
        AssertOrder(Math.Max(index, 1), Math.Min(index + added.Length + 1, Count));
    }

    public int Count { get; }

    public VmArea this[int index] => _areas[index]!;

    public ulong End(int index) => _ends[index];

    /// <summary>Index of the first area that ends after <paramref name="address"/>; <see cref="Count"/> or more if there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int FirstEndingAfter(ulong address) => SortedKeys.CountAtMost(in _ends[0], Capacity, address);

    /// <summary>True if exactly these areas stand from <paramref name="index"/> on.</summary>
    public bool HasAt(int index, ReadOnlySpan<VmArea> areas)
    {
        if (index + areas.Length > Count) return false;
        for (int i = 0; i < areas.Length; i++)
        {
            if (this[index + i] != areas[i]) return false;
        }

        return true;
    }

    /// <summary>The widest gap below an area of the run; the first one reaches down to <paramref name="previousEnd"/>.</summary>
    public ulong WidestGap(ulong previousEnd)
    {
        ulong widest = 0;
        for (int i = 0; i < Count; i++)
        {
            widest = Math.Max(widest, StackGuard.UsableGap(previousEnd, this[i]));
            previousEnd = _ends[i];
        }

        return widest;
    }

    [Conditional("DEBUG")]
    private void AssertOrder(int from, int to)
    {
        for (int i = from; i < to; i++) Debug.Assert(_ends[i - 1] <= this[i].Start, "Areas are in order and do not overlap.");
    }

    [InlineArray(Capacity)]
    private struct Ends
    {
        private ulong _first;
    }

    [InlineArray(Capacity)]
    private struct Slots
    {
        private VmArea? _first;
    }
}
