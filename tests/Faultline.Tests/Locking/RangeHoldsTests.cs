using CsCheck;
using Faultline.Locking;

namespace Faultline.Tests.Locking;

public class RangeHoldsTests
{
    private const ulong End = 12;

    private static readonly Gen<(ulong Start, ulong End)> s_range =
        from start in Gen.ULong[1, End - 2]
        from length in Gen.ULong[1, 4]
        select (start, Math.Min(start + length, End));

    /// <summary>Against a set of numbers.</summary>
    [Fact]
    public void WhenARangeIsAddedThenWhatIsHeldIsBothOrWhatWasHeldBefore() =>
        (from first in s_range from other in s_range from added in s_range select (first, other, added)).Sample(ranges =>
        {
            var owner = new RangeLock(LockUsers.Count);
            using RangeHold hold = owner.Enter(ranges.first.Start, ranges.first.End, isExclusive: true);
            var holds = new RangeHolds(hold);
            bool isApart = owner.TryEnter(ranges.other.Start, ranges.other.End, isExclusive: true, out RangeHold other);
            bool added = holds.TryAdd(owner, ranges.added.Start, ranges.added.End, LockUser.Map, out ulong heldFrom);
            bool meets = isApart && Numbers(ranges.added).Except(Numbers(ranges.first)).Intersect(Numbers(ranges.other)).Any();
            Assert.Equal(!meets, added);
            if (meets) Assert.Equal(ranges.other.Start, heldFrom);

            other.Dispose();
            HashSet<ulong> expected = [.. Numbers(ranges.first), .. added ? Numbers(ranges.added) : []];
            for (ulong low = 0; low < End; low++)
            {
                (ulong heldLow, ulong heldHigh) = holds.Around(low);
                Assert.Equal(expected.Contains(low), heldLow <= low && low < heldHigh);
                for (ulong high = low + 1; high <= End; high++)
                {
                    Assert.Equal(Numbers((low, high)).All(expected.Contains), holds.Covers(low, high));
                }

                bool isFree = owner.TryEnter(low, low + 1, isExclusive: false, out RangeHold probe);
                probe.Dispose();
                Assert.Equal(!expected.Contains(low), isFree);
            }

            holds.DropAdded();
            Assert.Equal((ranges.first.Start, ranges.first.End), holds.Around(ranges.first.Start));
        });

    private static IEnumerable<ulong> Numbers((ulong Start, ulong End) range)
    {
        for (ulong number = range.Start; number < range.End; number++) yield return number;
    }
}
