using CsCheck;
using Faultline.Areas;

namespace Faultline.Tests.Areas;

public class AreaTreeGapTests
{
    private const int SpacePages = 8192;

    private static readonly Gen<(int Low, int High, int Pages, int Align, int Offset)> s_requests =
        Gen.Select(Gen.Int[-20, SpacePages], Gen.Int[0, SpacePages + 400], Gen.OneOf(Gen.Int[1, 40], Gen.Int[1, 600]), Gen.OneOf(Gen.Const(0), Gen.Int[0, 6]), Gen.Int[0, 63]);

    [Fact]
    public void WhenTheSpaceIsEmptyThenTheGapLiesAtTheLimit()
    {
        var tree = new AreaTree();
        Assert.True(tree.TryFindGapTopDown(0x1000, 0x8000, 0x2000, out ulong start));
        Assert.Equal(0x6000UL, start);
        Assert.True(tree.TryFindGapBottomUp(0x1000, 0x8000, 0x2000, out start));
        Assert.Equal(0x1000UL, start);
        Assert.False(tree.TryFindGapTopDown(0x1000, 0x8000, 0x8000, out _));
        Assert.False(tree.TryFindGapBottomUp(0x1000, 0x8000, 0x8000, out _));
    }

    [Theory]
    [InlineData(0x1000, 0x1000, 0x1000)]
    [InlineData(0x9000, 0x1000, 0x1000)]
    [InlineData(0x1000, 0x9000, 0)]
    [InlineData(0x1000, 0x9000, ulong.MaxValue - 0xfff)]
    public void WhenNoGapCouldFitThenTheSearchSaysSo(ulong low, ulong high, ulong length)
    {
        var tree = new AreaTree();
        Assert.False(tree.TryFindGapTopDown(low, high, length, out _, alignMask: 0xf000));
        Assert.False(tree.TryFindGapBottomUp(low, high, length, out _, alignMask: 0xf000));
    }

    [Fact]
    public void WhenAStackGrowsDownThenItsGuardStaysFree()
    {
        const ulong Top = 0x7000_0000;
        var tree = new AreaTree();
        tree.Insert(AreaProgram.Area(Top - 0x2000, Top, growsDown: true));
        Assert.True(tree.TryFindGapTopDown(0x1000, Top, 0x1000, out ulong start));
        Assert.Equal(Top - 0x2000 - StackGuard.Size - 0x1000, start);
    }

    [Fact]
    public void WhenAnAreaIsPutIntoAGuardThenTheGapBelowItIsFound()
    {
        const ulong Top = 0x7000_0000;
        var tree = new AreaTree();
        tree.Insert(AreaProgram.Area(Top - 0x2000, Top, growsDown: true));
        tree.Insert(AreaProgram.Area(0x1000, Top - 0x4000 - StackGuard.Size));
        Assert.True(tree.TryFindGapTopDown(0x1000, Top + 0x1000, 0x2000, out _));
        Assert.False(tree.TryFindGapTopDown(0x1000, Top + 0x1000, 0x3000, out _));

        tree.Insert(AreaProgram.Area(Top - 0x4000, Top - 0x2000));
        Assert.True(tree.TryFindGapTopDown(0x1000, Top + 0x1000, StackGuard.Size, out ulong start));
        Assert.Equal(Top - 0x4000 - StackGuard.Size, start);
    }

    [Fact]
    public void WhenAStackIsReplacedByAnOrdinaryAreaThenItsGuardIsFound()
    {
        // The search ends a page above the stack: the gap below the topmost area is looked at without the bounds.
        const ulong Top = 0x7000_0000;
        var tree = new AreaTree();
        VmArea stack = AreaProgram.Area(Top - 0x2000, Top, growsDown: true);
        tree.Replace([], [AreaProgram.Area(0x1000, Top - 0x4000 - StackGuard.Size), stack]);
        Assert.False(tree.TryFindGapTopDown(0x1000, Top + 0x1000, 0x3000, out _));

        tree.Replace([stack], [AreaProgram.Area(stack.Start, stack.End)]);
        Assert.True(tree.TryFindGapTopDown(0x1000, Top + 0x1000, StackGuard.Size, out ulong start));
        Assert.Equal(stack.Start - StackGuard.Size, start);
    }

    [Fact]
    public void WhenRunsOfPackedAreasAreTakenOutThenTheirGapIsFoundWhereverLeavesEnd()
    {
        VmArea[] areas = [.. Enumerable.Range(0, 300).Select(i => AreaProgram.Area(AreaProgram.Address(i), AreaProgram.Address(i + 1)))];
        Gen.Select(Gen.Int[0, 298], Gen.Int[1, 60]).Array[1, 6].Sample(
            cuts =>
            {
                var program = new AreaProgram();
                program.Replace([], areas);
                foreach ((int from, int count) in cuts)
                {
                    VmArea[] run = [.. program.Areas.Skip(from).Take(count)];
                    program.Replace(run, []);
                    for (int pages = 1; pages <= count; pages++)
                    {
                        var request = new GapRequest(AreaProgram.Base, areas[^1].End, (ulong)pages << Page.Shift, 0, 0);
                        CheckPlacement(program, request, topDown: pages % 2 == 0);
                    }
                }
            },
            iter: 300);
    }

    [Fact]
    public void WhenAProgramMapsAndUnmapsThenPlacementIsWhatALinearScanFinds() =>
        Gen.Select(AreaProgram.Steps(SpacePages, 500), s_requests.Array[64]).Sample(
            (steps, requests) =>
            {
                var program = new AreaProgram();
                for (int i = 0; i < steps.Length; i++)
                {
                    program.Run(steps[i]);
                    if (i % 8 == 7) CheckRequest(program, requests[(i / 8) % requests.Length]);
                }

                foreach ((int, int, int, int, int) request in requests) CheckRequest(program, request);
            },
            iter: 500);

    [Fact]
    public void WhenTheTreeIsThreeLevelsDeepThenPlacementIsWhatALinearScanFinds()
    {
        const int Count = 3_000;
        Gen.Select(AreaProgram.Steps(2 * Count, 300), s_requests.Array[32]).Sample(
            (steps, requests) =>
            {
                // No gaps to begin with: each one that is found later was noted by the change that made it.
                var program = new AreaProgram();
                program.Replace([], [.. Enumerable.Range(0, Count).Select(i => AreaProgram.Area(AreaProgram.Address(2 * i), AreaProgram.Address(2 * (i + 1))))]);
                for (int i = 0; i < steps.Length; i++)
                {
                    program.Run(steps[i]);
                    if (i % 4 == 3) CheckRequest(program, requests[(i / 4) % requests.Length]);
                }
            },
            iter: 40);
    }

    [Fact]
    public void WhenPlacementFillsTheSpaceThenEachPlaceIsWhatALinearScanFinds() =>
        Gen.Select(Gen.Int[1, 40], Gen.Int[0, 3]).Array[1, 500].Sample(
            moves =>
            {
                // As a program does: place, map there, now and then unmap an old one.
                var program = new AreaProgram();
                foreach ((int pages, int kind) in moves)
                {
                    IReadOnlyList<VmArea> areas = program.Areas;
                    if (kind == 0 && areas.Count > 0)
                    {
                        program.Replace([areas[pages % areas.Count]], []);
                        continue;
                    }

                    ulong length = (ulong)pages << Page.Shift;
                    ulong high = AreaProgram.Address(4000);
                    if (CheckPlacement(program, new GapRequest(AreaProgram.Base, high, length, 0, 0), topDown: kind != 3) is { } start)
                        program.Replace([], [AreaProgram.Area(start, start + length)]);
                }
            },
            iter: 300);

    private static void CheckRequest(AreaProgram program, (int Low, int High, int Pages, int Align, int Offset) values)
    {
        ulong mask = ((1UL << values.Align) - 1) << Page.Shift;
        var request = new GapRequest(AreaProgram.Address(values.Low), AreaProgram.Address(values.High), (ulong)values.Pages << Page.Shift, mask, (ulong)values.Offset << Page.Shift);
        CheckPlacement(program, request, topDown: true);
        CheckPlacement(program, request, topDown: false);
    }

    private static ulong? CheckPlacement(AreaProgram program, GapRequest request, bool topDown)
    {
        ulong? expected = Scan(program.Areas, request, topDown);
        ulong start;
        ulong? actual = topDown
            ? program.Tree.TryFindGapTopDown(request.Low, request.High, request.Length, out start, request.AlignMask, request.AlignOffset) ? start : null
            : program.Tree.TryFindGapBottomUp(request.Low, request.High, request.Length, out start, request.AlignMask, request.AlignOffset) ? start : null;
        Assert.Equal(expected, actual);
        return actual;
    }

    /// <summary>Linux's rule, one gap after the other, written down a second time.</summary>
    private static ulong? Scan(IReadOnlyList<VmArea> areas, GapRequest request, bool topDown)
    {
        for (int i = 0; i <= areas.Count; i++)
        {
            int above = topDown ? areas.Count - i : i;
            ulong bottom = Math.Max(above > 0 ? areas[above - 1].End : 0, request.Low);
            ulong start = above < areas.Count ? areas[above].Start : ulong.MaxValue;
            ulong guarded = above < areas.Count && areas[above].Has(AreaFlags.GrowsDown) ? start - Math.Min(start, 256 * 4096) : start;
            ulong needed = request.Length + request.AlignMask;
            if (topDown)
            {
                ulong top = Math.Min(guarded, request.High);
                if (top < bottom || top - bottom < needed) continue;
                ulong place = top - request.Length;
                while ((place & request.AlignMask) != (request.AlignOffset & request.AlignMask)) place -= Page.Size;
                return place;
            }
            else
            {
                ulong top = Math.Min(start, request.High);
                if (top < bottom || top - bottom < needed) continue;
                ulong place = bottom;
                while ((place & request.AlignMask) != (request.AlignOffset & request.AlignMask)) place += Page.Size;
                if (guarded != start && guarded < place + needed - 1) continue;
                return place;
            }
        }

        return null;
    }
}
