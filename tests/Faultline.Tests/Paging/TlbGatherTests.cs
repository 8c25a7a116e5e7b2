using Faultline.Paging;
using Faultline.Physical;
using Faultline.Translation;

namespace Faultline.Tests.Paging;

public class TlbGatherTests
{
    [Fact]
    public void WhenNothingWasClearedThenAFlushVisitsNobodyAndFreesNothing()
    {
        using var guest = new Guest();
        guest.Map(0, 1);
        guest.Touch(0, 1);
        long used = guest.FramesInUse;
        using (guest.Cpu.OpenSession()) new TlbGather(guest.Space, default).Flush();
        Assert.Equal(used, guest.FramesInUse);
        Assert.Equal(Guest.At(0), guest.Cpu.Tlb.At(Guest.At(0)).WriteTag);
    }

    [Fact]
    public void WhenEntriesWereClearedThenTheGenerationRisesAtOnceAndTheTagsGoWithTheFlush()
    {
        using var guest = new Guest();
        guest.Map(0, 3);
        guest.Touch(0, 3);
        MemoryAccessor bystander = guest.NewCpu();
        ref FrameInfo table = ref guest.Memory.Info(guest.Space.PageTable.Walk(Guest.At(0)).Table);
        ulong generation = table.Generation;
        var gather = new TlbGather(guest.Space, default);
        PteLock.Enter(ref table);
        gather.Cleared(ref table, Guest.At(0), Guest.At(1));
        gather.Cleared(ref table, Guest.At(1), Guest.At(2));
        PteLock.Exit(ref table);
        Assert.Equal(generation + 2, table.Generation);
        Assert.Equal(Guest.At(0), guest.Cpu.Tlb.At(Guest.At(0)).WriteTag);

        // An accessor that never used the table is neither visited nor waited for.
        using (bystander.OpenSession()) gather.Flush();
        Assert.Equal(TlbEntry.Invalid, guest.Cpu.Tlb.At(Guest.At(0)).WriteTag);
        Assert.Equal(TlbEntry.Invalid, guest.Cpu.Tlb.At(Guest.At(1)).ReadTag);
        Assert.Equal(Guest.At(2), guest.Cpu.Tlb.At(Guest.At(2)).WriteTag);
    }

    /// <summary>The frames go home behind the shootdown, so that nobody who could still write to them finds them taken by another.</summary>
    [Fact]
    public void WhenAnAccessorIsInsideASectionThenTheFramesWaitForItsEnd()
    {
        using var guest = new Guest();
        guest.Map(0, 1);
        guest.Touch(0, 1);
        uint frame = guest.Memory.Frames.TryAllocate();
        FrameReferences.BirthAnonymous(ref guest.Memory.Info(frame), pageIndex: 0, family: 0);
        FrameReferences.RemoveMapping(ref guest.Memory.Info(frame));
        long used = guest.FramesInUse;
        var crew = new Crew();
        using (MemoryAccessor.Session session = guest.Cpu.OpenSession())
        {
            crew.Start(() =>
            {
                Span<uint> frames = stackalloc uint[1];
                var gather = new TlbGather(guest.Space, frames);
                Assert.Equal(1, gather.Room);
                ref FrameInfo table = ref guest.Memory.Info(guest.Space.PageTable.Walk(Guest.At(0)).Table);
                PteLock.Enter(ref table);
                gather.Cleared(ref table, Guest.At(0), Guest.At(1));
                PteLock.Exit(ref table);
                gather.Add(frame);
                Assert.Equal(0, gather.Room);
                gather.Flush();
                Assert.Equal(1, gather.Room);
            });
            Wait.UntilDue(session);
            Assert.Equal(used, guest.FramesInUse);
        }

        crew.Join();
        Assert.Equal(used - 1, guest.FramesInUse);
    }
}
