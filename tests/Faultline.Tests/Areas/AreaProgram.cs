using CsCheck;
using Faultline.Areas;

namespace Faultline.Tests.Areas;

/// <summary>A random sequence of changes, applied to a tree and to a sorted list that says what the tree must hold.</summary>
internal sealed class AreaProgram
{
    public const ulong Base = 0x10_0000;

    private readonly SortedDictionary<ulong, VmArea> _model = [];

    public AreaTree Tree { get; } = new();

    public IReadOnlyList<VmArea> Areas => [.. _model.Values];

    /// <summary>One change: what to do, at which page, over how many pages, with which extra choice.</summary>
    public readonly record struct Step(int Kind, int Page, int Pages, int Choice);

    /// <summary>Steps over a space of <paramref name="pages"/> pages.</summary>
    public static Gen<Step[]> Steps(int pages, int count) =>
        Gen.Select(Gen.Int[0, 9], Gen.Int[0, pages - 1], Gen.Int[1, 24], Gen.Int[0, 1000], (kind, page, length, choice) => new Step(kind, page, length, choice))
            .Array[0, count];

    public static VmArea Area(ulong start, ulong end, bool growsDown = false) =>
        new(start, end, growsDown ? AreaFlags.Read | AreaFlags.GrowsDown : AreaFlags.Read, Page.Count(start), file: null, anonVma: null);

    public static ulong Address(long page) => Base + ((ulong)page << Page.Shift);

    public void Run(Step step)
    {
        ulong start = Address(step.Page);
        ulong end = Address(step.Page + step.Pages);

        // As if two threads took turns at both places: no change must notice that the leaf was split.
        if (step.Choice % 16 == 1) Tree.SplitContended(start - 1, end - 1);
        switch (step.Kind)
        {
            case <= 3: Map(start, end, growsDown: step.Choice % 8 == 0); break;
            case <= 6: Unmap(start, end); break;
            case 7: Split(start); break;
            case 8: Merge(start, 2 + (step.Choice % 40)); break;
            default: Grow(start, step.Choice % 2 == 0); break;
        }
    }

    /// <summary>As MAP_FIXED: whatever is in the way is cut, in one replacement.</summary>
    private void Map(ulong start, ulong end, bool growsDown) => Cut(start, end, [Area(start, end, growsDown)]);

    private void Unmap(ulong start, ulong end) => Cut(start, end, []);

    private void Cut(ulong start, ulong end, VmArea[] middle)
    {
        VmArea[] old = [.. _model.Values.Where(area => area.End > start && area.Start < end)];
        List<VmArea> replacements = [];
        if (old.Length > 0 && old[0].Start < start) replacements.Add(Area(old[0].Start, start));
        replacements.AddRange(middle);
        if (old.Length > 0 && old[^1].End > end) replacements.Add(Area(end, old[^1].End));
        Replace(old, [.. replacements]);
    }

    private void Split(ulong at)
    {
        VmArea? area = _model.Values.FirstOrDefault(candidate => candidate.Start < at && candidate.End > at);
        if (area is not null) Replace([area], [Area(area.Start, at), Area(at, area.End)]);
    }

    /// <summary>Joins neighbours, closing the gaps between them: a new area over a superset of the old ones.</summary>
    private void Merge(ulong from, int count)
    {
        VmArea[] old = [.. _model.Values.Where(area => area.Start >= from).Take(count)];
        if (old.Length > 1) Replace(old, [Area(old[0].Start, old[^1].End)]);
    }

    private void Grow(ulong near, bool down)
    {
        VmArea? area = _model.Values.FirstOrDefault(candidate => candidate.End > near);
        if (area is null) return;
        VmArea? below = _model.Values.LastOrDefault(candidate => candidate.End <= area.Start);
        VmArea? above = _model.Values.FirstOrDefault(candidate => candidate.Start >= area.End);
        ulong start = down ? Math.Max(below?.End ?? Base, area.Start - Math.Min(area.Start - Base, 64 * (ulong)Page.Size)) : area.Start;
        ulong end = down ? area.End : Math.Min(above?.Start ?? ulong.MaxValue, area.End + (64 * (ulong)Page.Size));
        Replace([area], [Area(start, end)]);
    }

    public void Replace(VmArea[] old, VmArea[] replacements)
    {
        if (old.Length == 0 && replacements.Length == 1) Tree.Insert(replacements[0]);
        else if (old.Length == 1 && replacements.Length == 0) Tree.Remove(old[0]);
        else Tree.Replace(old, replacements);
        foreach (VmArea area in old) _model.Remove(area.Start);
        foreach (VmArea area in replacements) _model.Add(area.Start, area);
    }
}
