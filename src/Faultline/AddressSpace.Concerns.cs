using Faultline.Areas;
using Faultline.Paging;

namespace Faultline;

/// <content>Which addresses a call's changes may concern, and so which it locks under <see cref="WriterLock.RangeLock"/>.</content>
public sealed partial class AddressSpace
{
    /// <summary>
    /// What a change of [<paramref name="start"/>, <paramref name="end"/>) may replace or free: the areas that it cuts and those that touch it and could merge, whole; and
    /// beside a hole the rest of the lowest table, which goes with the last page that it serves, and a page at least.
    /// </summary>
    /// <remarks>
    /// Without that page two maps that will touch, each on its own side of a table's border, would not meet: the one that comes later finds the other's area, which
    /// it could merge with, outside its range.
    /// </remarks>
    private static (ulong Low, ulong High) Concerned(in AreaNeighbourhood around, ulong start, ulong end)
    {
        ulong span = TableLevel.Span(TableLevel.Pmd);
        ulong low, high;
        if (around.First is { } first && first.Start < start) low = first.Start;
        else if (around.Below is { } below && below.End == start) low = below.Start;
        else low = Math.Max(around.Below?.End ?? 0, ReachBelow(start));

        if (around.Last is { } last && last.Start <= end) high = last.End;
        else high = Math.Min(around.Last?.Start ?? ulong.MaxValue, CeilingOf(end, Page.Size, span));
        return (low, high);
    }

    /// <summary>The start of the span that holds the page below <paramref name="start"/>.</summary>
    private static ulong ReachBelow(ulong start) => (start - Math.Min(start, Page.Size)) & ~(TableLevel.Span(TableLevel.Pmd) - 1);

    /// <summary>What <see cref="Concerned(in AreaNeighbourhood, ulong, ulong)"/> asks for, and the guard of a stack that begins above.</summary>
    private AreaNeighbourhood Around(ulong start, ulong end) => Areas.Around(start, end, ReachBelow(start), CeilingOf(end, Page.Size + StackGuard.Size, TableLevel.Span(TableLevel.Pmd)));

    /// <summary>The end of the span that holds the byte <paramref name="reach"/> behind <paramref name="end"/>; callers may name ranges that end at the last address there is.</summary>
    private static ulong CeilingOf(ulong end, ulong reach, ulong span)
    {
        ulong last = end + reach + span - 1;
        return last < end ? ulong.MaxValue : last & ~(span - 1);
    }

    /// <inheritdoc cref="Concerned(in AreaNeighbourhood, ulong, ulong)"/>
    private (ulong Low, ulong High) Concerned(ulong start, ulong end) => Concerned(Around(start, end), start, end);

    /// <summary>
    /// What a call locks. Asked before, when the areas around it may be changing, and again with the answer locked: if the second answer lies within the first, it stays so.
    /// </summary>
    private interface IConcern
    {
        (ulong Low, ulong High) Of(AddressSpace space);
    }

    /// <summary>The areas of a range are replaced or go.</summary>
    private struct Change(ulong start, ulong end) : IConcern
    {
        // What the first look found, which is mostly still so at the second.
        private AreaNeighbourhood _around;

        public (ulong Low, ulong High) Of(AddressSpace space)
        {
            if (start >= end) return default;
            if (!_around.IsCurrent) _around = space.Around(start, end);
            return Concerned(in _around, start, end);
        }
    }

    /// <summary>What an mremap takes from: the old range, and what it could grow into if nothing is there now.</summary>
    private readonly record struct Source(RemapRequest Request) : IConcern
    {
        public (ulong Low, ulong High) Of(AddressSpace space)
        {
            ulong start = Request.Address, end = start + Math.Max(Request.OldLength, Page.Size);
            if (end < start) return default;
            if (Request.IsGrowth && !Request.HasTarget && space.Areas.Find(start) is { } area && area.End == start + Request.OldLength
                && space.IsFreeAbove(area, start + Request.NewLength))
            {
                end = start + Request.NewLength;
            }

            return space.Concerned(start, end);
        }
    }

    /// <summary>Pages change; every area stays.</summary>
    private readonly record struct Exactly(ulong Start, ulong End) : IConcern
    {
        public (ulong Low, ulong High) Of(AddressSpace space) => (Start, End);
    }

    /// <summary>
    /// The break moves. From the heap's first page on: holding that page is what guards the break, so that two calls never move it at once, also where other calls have cut the
    /// heap into many areas. Up to where nothing else may be: a page above the new end.
    /// </summary>
    private readonly record struct HeapUpTo(ulong Address) : IConcern
    {
        public (ulong Low, ulong High) Of(AddressSpace space)
        {
            ulong oldEnd = Page.Ceiling(space._brk.LoadRelaxed());

            // Where no heap can end the call only says where it ends.
            ulong newEnd = Address >= space._brkStart && Address < UserSpace.End ? Page.Ceiling(Address) : oldEnd;
            ulong first = Page.Floor(space._brkStart), end = Math.Max(oldEnd, newEnd) + Page.Size;
            (ulong low, ulong high) = space.Concerned(Math.Min(oldEnd, newEnd), end);
            return (Math.Min(low, first), Math.Max(high, first + Page.Size));
        }
    }

    /// <summary>A stack grows down to an address: the stack, and the guard below the address, which it may only enter if nothing is there.</summary>
    private readonly record struct StackAbove(ulong Address) : IConcern
    {
        public (ulong Low, ulong High) Of(AddressSpace space) =>
            (Address - Math.Min(Address, StackGuard.Size), space.Areas.FindFirstEndingAfter(Address)?.End ?? ulong.MaxValue);
    }
}
