using Faultline.Diagnostics;
using Faultline.Faults;
using Faultline.Paging;

namespace Faultline.Tests.Faults;

public class SpuriousFaultTests
{
    /// <summary>The other thread was faster: its page is there when this one's fault looks.</summary>
    [Theory]
    [InlineData(AccessKind.Read)]
    [InlineData(AccessKind.Write)]
    public void WhenTheEntryAllowsTheAccessByNowThenTheFaultOnlyFills(AccessKind access)
    {
        using var guest = new Guest();
        guest.Map(0, 1);
        MemoryAccessor other = guest.NewCpu();

        // The walk of the miss found no page.
        other.EnterSection();
        PageWalk walk = guest.Space.PageTable.Walk(Guest.At(0));
        guest.Touch(0, 1);
        guest.Advise(0, 1, Advice.Free);
        Assert.Equal(FaultSignal.None, FaultHandler.Handle(other, Guest.At(0), access, walk));
        Assert.True(other.IsInSection);
        other.LeaveSection();

        Assert.Equal(1, other.Counters[FaultEvent.Spurious]);
        Assert.Equal(1, guest[FaultEvent.NewPage]);
        Assert.True(guest.EntryOf(0).IsAccessed);
        Assert.Equal(access == AccessKind.Write, guest.EntryOf(0).IsDirty);
        Assert.Equal(Guest.WordOf(0), other.Read<ulong>(Guest.At(0)));
        Assert.Equal(0, other.Counters[FaultEvent.Refill]);
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenTwoThreadsTouchTheSameFreshPagesThenEachPageIsMadeOnce(FaultDesign design)
    {
        const int Pages = 300;
        using var guest = new Guest(design);
        for (int round = 0; round < 10; round++)
        {
            guest.Map(0, Pages);
            long made = guest[FaultEvent.NewPage];
            using var start = new Barrier(2);
            var crew = new Crew();
            for (int thread = 0; thread < 2; thread++)
            {
                MemoryAccessor cpu = guest.NewCpu();
                ulong offset = (ulong)thread * 8;
                crew.Start(() =>
                {
                    start.SignalAndWait();
                    for (int page = 0; page < Pages; page++) cpu.Write(Guest.At(page) + offset, 1L);
                });
            }

            crew.Join();
            Assert.Equal(Pages, guest[FaultEvent.NewPage] - made);
            for (int page = 0; page < Pages; page++)
                Assert.Equal((1L, 1L), (guest.Cpu.Read<long>(Guest.At(page)), guest.Cpu.Read<long>(Guest.At(page) + 8)));
        }
    }
}
