using CsCheck;
using Faultline.Paging;

namespace Faultline.Tests.Paging;

public class TableCursorTests
{
    private const int TablePages = 512;
    private const int Span = 2 * TablePages * TablePages;

    /// <summary>Against a plain search for the tables of each page.</summary>
    [Fact]
    public void WhenARangeIsVisitedThenEachTableInItIsVisitedOnceWithItsPart()
    {
        Gen<int> page = Gen.OneOf(Gen.Int[0, 3 * TablePages], Gen.Int[(TablePages * TablePages) - 600, (TablePages * TablePages) + 600]);
        Gen.Select(page.Array[0, 6], page, page).Sample(
            (touched, a, b) =>
            {
                (int start, int end) = (Math.Min(a, b), Math.Max(a, b) + 1);
                using var guest = new Guest(frames: 128);
                guest.Map(0, Span);
                foreach (int at in touched) guest.Touch(at, 1);

                List<(ulong, ulong, uint)> expected = [];
                foreach (int table in touched.Select(at => at / TablePages).Distinct().Order())
                {
                    (int from, int to) = (Math.Max(start, table * TablePages), Math.Min(end, (table + 1) * TablePages));
                    if (from < to) expected.Add((Guest.At(from), Guest.At(to), guest.Space.PageTable.Walk(Guest.At(from)).Table));
                }

                List<(ulong, ulong, uint)> found = [];
                var cursor = new TableCursor(guest.Memory, guest.Space.PageTable.Root, Guest.At(start), Guest.At(end));
                while (cursor.MoveNext()) found.Add((cursor.Start, cursor.End, cursor.Table));
                Assert.Equal(expected, found);
            },
            iter: 200);
    }

    [Fact]
    public void WhenAllAddressesAreVisitedThenTheEmptyOnesCostNothing()
    {
        using var guest = new Guest();
        var cursor = new TableCursor(guest.Memory, guest.Space.PageTable.Root, 0, Faultline.Areas.UserSpace.End);
        Assert.False(cursor.MoveNext());
        Assert.False(cursor.MoveNext());
    }
}
