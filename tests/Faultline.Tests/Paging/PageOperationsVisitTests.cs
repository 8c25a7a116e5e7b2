using CsCheck;
using Faultline.Paging;
using Faultline.Physical;

namespace Faultline.Tests.Paging;

public class PageOperationsVisitTests
{
    private struct Collector(List<(ulong Address, Pte Entry)> found) : IPageVisitor
    {
        public readonly void Visit(ulong address, Pte entry, ref FrameInfo frame) => found.Add((address, entry));
    }

    [Fact]
    public void WhenARangeIsVisitedThenExactlyItsEntriesAreSeenInOrder()
    {
        Gen<int> page = Gen.Int[0, 1500];
        Gen.Select(page.Array[0, 40], page, page).Sample(
            (touched, a, b) =>
            {
                (int start, int end) = (Math.Min(a, b), Math.Max(a, b));
                using var guest = new Guest(frames: 256);
                guest.Map(0, 1501);
                for (int i = 0; i < touched.Length; i++)
                {
                    if (i % 3 == 0) guest.Cpu.Read<int>(Guest.At(touched[i]));
                    else guest.Touch(touched[i], 1);
                }

                List<(ulong, Pte)> found = [];
                var visitor = new Collector(found);
                PageOperations.Visit(guest.Space, Guest.At(start), Guest.At(end), ref visitor);
                Assert.Equal(
                    touched.Distinct().Order().Where(at => at >= start && at < end).Select(at => (Guest.At(at), guest.EntryOf(at))), found);
            },
            iter: 100);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void WhenOnlySoManyTablesAreVisitedThenTheResultSaysWhereToGoOn(int mostTables)
    {
        int[] touched = [3, 511, 512, 2600, 2601, 262_150];
        using var guest = new Guest();
        guest.Map(0, 300_000);
        foreach (int page in touched) guest.Touch(page, 1);
        List<(ulong Address, Pte Entry)> found = [];
        var visitor = new Collector(found);
        ulong position = Guest.At(0), end = Guest.At(300_000);
        while (position < end)
        {
            int before = found.Count;
            position = PageOperations.Visit(guest.Space, position, end, mostTables, ref visitor);
            Assert.InRange(found.Skip(before).Select(seen => seen.Address >> 21).Distinct().Count(), 0, mostTables);
        }

        Assert.Equal(touched.Select(Guest.At), found.Select(seen => seen.Address));
    }

    [Fact]
    public void WhenAPageMayNotBeAccessedThenItIsStillSeen()
    {
        using var guest = new Guest();
        guest.Map(0, 1);
        guest.Touch(0, 1);
        guest.Protect(0, 1, Protection.None);
        List<(ulong Address, Pte Entry)> found = [];
        var visitor = new Collector(found);
        PageOperations.Visit(guest.Space, Guest.At(0), Guest.At(1), ref visitor);
        Assert.True(Assert.Single(found).Entry.IsProtNone);
    }
}
