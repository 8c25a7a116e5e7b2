using CsCheck;
using Faultline.Paging;
using Faultline.Physical;

namespace Faultline.Tests.Paging;

public class PageOperationsZapTests
{
    private const int TablePages = 512;

    /// <summary>Against a set of pages: exactly the range goes, over any boundary, and its frames come home.</summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenARangeIsZappedThenExactlyItsPagesGo(FaultDesign design)
    {
        Gen<int> page = Gen.Int[0, (3 * TablePages) - 1];
        Gen.Select(page.Array[0, 60], page, page).Sample(
            (touched, a, b) =>
            {
                (int start, int end) = (Math.Min(a, b), Math.Max(a, b) + 1);
                using var guest = new Guest(design, frames: 256);
                guest.Map(0, 3 * TablePages);
                HashSet<int> pages = [.. touched];
                foreach (int at in pages) guest.Touch(at, 1);
                long used = guest.FramesInUse;
                guest.Advise(start, end - start, Advice.DontNeed);
                Assert.Equal(used - pages.Count(at => at >= start && at < end), guest.FramesInUse);
                foreach (int at in pages)
                {
                    bool gone = at >= start && at < end;
                    Assert.Equal(gone, guest.EntryOf(at).IsNone);
                    Assert.Equal(gone ? 0 : Guest.WordOf(at), guest.Cpu.Read<ulong>(Guest.At(at)));
                }
            },
            iter: 100);
    }

    [Fact]
    public void WhenTablesAreLookedAtThenTheirCountIsThatOfTheirEntries()
    {
        Gen<(int, int, bool)> step = Gen.Select(Gen.Int[0, 1100], Gen.Int[1, 40], Gen.Bool, (p, n, d) => (p, n, d));
        step.Array[1, 20].Sample(
            steps =>
            {
                using var guest = new Guest(frames: 2048);
                guest.Map(0, 1200);
                foreach (var (page, count, drop) in steps)
                {
                    if (drop) guest.Advise(page, count, Advice.DontNeed);
                    else guest.Touch(page, count);
                }

                foreach (int first in new[] { 0, TablePages, 2 * TablePages })
                {
                    PageWalk walk = guest.Space.PageTable.Walk(Guest.At(first));
                    if (!walk.IsComplete) continue;
                    int entries = Enumerable.Range(first, TablePages).Count(page => !guest.EntryOf(page).IsNone);
                    Assert.Equal((uint)entries, guest.Memory.Info(walk.Table).Entries);
                }
            },
            iter: 50);
    }

    [Fact]
    public void WhenASharedPageIsZappedThenTheObjectKeepsItAndItsDirt()
    {
        using var guest = new Guest();
        guest.Map(0, 1, Protection.ReadWrite, Guest.Shared);
        guest.Touch(0, 1);
        uint frame = guest.FrameOf(0);
        guest.Advise(0, 1, Advice.DontNeed);
        ref FrameInfo info = ref guest.Memory.Info(frame);
        Assert.Equal((1u, 0u), (info.Refs, info.Maps));
        Assert.True(info.Is(FrameState.Cached | FrameState.Dirty));
        Assert.Equal(Guest.WordOf(0), guest.Cpu.Read<ulong>(Guest.At(0)));
    }
}
