using CsCheck;
using Faultline.Paging;
using Faultline.Swap;

namespace Faultline.Tests.Swap;

public class SwapEntryTests
{
    [Fact]
    public void WhenAnEntryIsWrittenIntoAPageTableThenItIsFoundAgainAndNothingTakesItForAPage() =>
        Gen.Select(Gen.Int[0, SwapEntry.MaxDevices - 1], Gen.UInt[1, SwapEntry.MaxSlot]).Sample((device, slot) =>
        {
            var entry = new SwapEntry(device, slot);
            Pte written = entry.ToPte();
            Assert.Equal((device, slot), (entry.Device, entry.Slot));
            Assert.Equal(entry, SwapEntry.Of(written));
            Assert.Equal(AbsentKind.Swap, written.Absent);
            Assert.False(written.IsNone || written.HasPage || written.IsSpecial || written.Allows(AccessKind.Read) || written.Allows(AccessKind.Write));

            // A comparison that ignores what a lock-free fill may set still tells entries apart.
            Assert.Equal(0UL, written.Value & Pte.UseBits);
        });
}
