using Faultline.Areas;
using Faultline.Diagnostics;
using Faultline.Faults;
using Faultline.Paging;
using Faultline.Physical;
using Faultline.Tests.Files;

namespace Faultline.Tests.Faults;

/// <summary>Every reason to give up or to start again is provoked, alone, and counted.</summary>
public class SpeculativeFaultTests
{
    private static void AssertAborts(Guest guest, params (SpeculationAbort Reason, int Count)[] expected)
    {
        foreach (SpeculationAbort reason in Enum.GetValues<SpeculationAbort>())
            Assert.Equal((reason, (long)expected.Where(e => e.Reason == reason).Sum(e => e.Count)), (reason, guest[reason]));
    }

    [Fact]
    public void WhenNothingIsInTheWayThenNoLockIsTaken()
    {
        using var guest = new Guest();
        guest.Map(0, 600);
        long reads = guest.Space.LockStatistics.TotalWaitedNanoseconds;
        guest.Touch(0, 600);
        AssertAborts(guest);
        Assert.Equal((600, 600, 0, 0), (guest[FaultEvent.Attempt], guest[FaultEvent.Speculative], guest[FaultEvent.Classic], guest[FaultEvent.Fallback]));
        Assert.Equal(1.0, guest.Space.FaultStatistics.SpeculativeShare);
        Assert.Equal(reads, guest.Space.LockStatistics.TotalWaitedNanoseconds);
    }

    /// <summary>The point of it all: somebody holds the lock for write, and faults elsewhere do not notice.</summary>
    [Fact]
    public void WhenAWriterHoldsTheLockThenFaultsGoOn()
    {
        using var guest = new Guest();
        guest.Map(0, 600);
        guest.Space.MmapLock.EnterWrite(Faultline.Locking.LockUser.Map);
        guest.Touch(0, 600);
        guest.Space.MmapLock.ExitWrite();
        Assert.Equal(600, guest[FaultEvent.Speculative]);
    }

    [Fact]
    public void WhenTheAreaIsBeingChangedThenTheFaultStartsAgainTwiceAndThenWaitsForTheLock()
    {
        using var guest = new Guest();
        guest.Map(0, 1);
        VmArea area = guest.Space.Areas.Find(Guest.At(0))!;
        area.BeginChange();
        guest.Touch(0, 1);
        area.EndChange();
        AssertAborts(guest, (SpeculationAbort.AreaChanged, SpeculativeFault.MaxRestarts + 1));
        Assert.Equal((SpeculativeFault.MaxRestarts, 1, 1, 0), (guest[FaultEvent.Restart], guest[FaultEvent.Fallback], guest[FaultEvent.Classic], guest[FaultEvent.Speculative]));
    }

    [Fact]
    public void WhenTheAreaIsReplacedThenTheCachedOneIsAMissAndNotARestart()
    {
        using var guest = new Guest();
        guest.Map(0, 2);
        guest.Touch(0, 1);
        guest.Protect(1, 1, Protection.Read);
        guest.Protect(1, 1, Protection.ReadWrite);
        guest.Touch(1, 1);
        AssertAborts(guest);
    }

    /// <summary>Without this validation the page would stay mapped in a hole.</summary>
    [Fact]
    public void WhenTheAreaChangesBeforeTheTableLockThenTheFaultStartsAgain()
    {
        using var guest = new Guest();
        guest.Map(0, 2);
        guest.Touch(1, 1);
        FaultContext fault = Prepared(guest, guest.Cpu);
        fault.Area.BeginChange();
        Assert.Equal(FaultStep.Restart, FaultPipeline<AreaSequenceDesign>.Lock(ref fault));
        Assert.Equal(SpeculationAbort.AreaChangedUnderLock, fault.Reason);
        Assert.False(PteLock.IsHeld(ref fault.Table));

        // Also if it is even again: what was read before does not count.
        fault.Area.EndChange();
        Assert.Equal(FaultStep.Restart, FaultPipeline<AreaSequenceDesign>.Lock(ref fault));
        guest.Cpu.LeaveSection();
    }

    [Fact]
    public void WhenAnotherThreadIsFasterThenTheEntryHasChanged()
    {
        using var guest = new Guest();
        guest.Map(0, 2);
        guest.Touch(1, 1);
        MemoryAccessor other = guest.NewCpu();
        FaultContext fault = Prepared(guest, other);
        guest.Touch(0, 1);
        Assert.Equal(FaultStep.Restart, FaultPipeline<AreaSequenceDesign>.Lock(ref fault));
        Assert.Equal(SpeculationAbort.EntryChanged, fault.Reason);
        Assert.False(PteLock.IsHeld(ref fault.Table));
        other.LeaveSection();
    }

    /// <summary>The parent first: the lock of a detached table is not ours to take, and its next user would find it taken.</summary>
    [Fact]
    public void WhenTheTableIsDetachedThenItsLockIsNotTouched()
    {
        using var guest = new Guest();
        guest.Map(0, 1);
        guest.Touch(0, 1);
        MemoryAccessor other = guest.NewCpu();
        FaultContext fault = Prepared(guest, other);
        guest.Unmap(0, 1);
        PteLock.Enter(ref fault.Table);
        Assert.Equal(FaultStep.Restart, FaultPipeline<AreaSequenceDesign>.Lock(ref fault));
        Assert.Equal(SpeculationAbort.EntryChanged, fault.Reason);
        PteLock.Exit(ref fault.Table);
        other.LeaveSection();
    }

    /// <summary>A fault inside its section, its area found and its tables walked.</summary>
    private static FaultContext Prepared(Guest guest, MemoryAccessor accessor)
    {
        accessor.EnterSection();
        var fault = new FaultContext(guest.Space, accessor, Guest.At(0), AccessKind.Write);
        Assert.Equal(FaultStep.Continue, AreaSequenceDesign.Find(ref fault));
        fault.Walk = guest.Space.PageTable.Walk(Guest.At(0));
        Assert.True(fault.Walk.IsComplete);
        return fault;
    }

    [Fact]
    public void WhenNoAreaIsThereThenOnlyTheClassicPathSignals()
    {
        using var guest = new Guest();
        Assert.Equal(FaultSignal.NotMapped, Guest.SignalOf(() => guest.Cpu.Read<int>(Guest.At(0))));
        AssertAborts(guest, (SpeculationAbort.NoArea, 1));
        Assert.Equal((1, 1, 0), (guest[FaultEvent.Fallback], guest[FaultEvent.Signal], guest[FaultEvent.Restart]));
    }

    [Fact]
    public void WhenTheRightsForbidTheAccessThenOnlyTheClassicPathSignals()
    {
        using var guest = new Guest();
        guest.Map(0, 1, Protection.Read);
        Assert.Equal(FaultSignal.NotPermitted, Guest.SignalOf(() => guest.Cpu.Write(Guest.At(0), 1)));
        AssertAborts(guest, (SpeculationAbort.NotPermitted, 1));
        Assert.Equal(1, guest[FaultEvent.Signal]);
    }

    [Fact]
    public void WhenTheBackingIsNotSupportedThenNothingIsPreparedInVain()
    {
        using var guest = new Guest();
        using var file = new TestFile(guest.Memory) { OptsIn = false };
        guest.Space.Map(Guest.At(0), Page.Size, Protection.ReadWrite, Guest.Shared, file, 0);
        guest.Touch(0, 1);
        AssertAborts(guest, (SpeculationAbort.NotSupported, 1));
        Assert.Equal((1, 0), (guest[FaultEvent.Classic], guest.Cpu.Frames.Count));
    }

    [Fact]
    public void WhenTheTableLockStaysBusyThenTheClassicPathWaitsForIt()
    {
        using var guest = new Guest();
        guest.Map(0, 2);
        guest.Touch(1, 1);
        ref FrameInfo table = ref guest.Memory.Info(guest.Space.PageTable.Walk(Guest.At(0)).Table);
        PteLock.Enter(ref table);
        var crew = new Crew();
        crew.Start(() => guest.Touch(0, 1));
        Wait.Until(() => guest[SpeculationAbort.TableLockBusy] == 1, "The fault never gave up.");
        Assert.Equal(0, guest[FaultEvent.Classic]);
        PteLock.Exit(ref table);
        crew.Join();
        AssertAborts(guest, (SpeculationAbort.TableLockBusy, 1));
        Assert.True(guest[FaultEvent.TableLockWait] > 1);
        Assert.Equal((1, 1), (guest[FaultEvent.Classic], guest[FaultEvent.Fallback]));
    }

    [Fact]
    public void WhenTheTableLockIsFreedMeanwhileThenTheFaultStaysSpeculative()
    {
        using var guest = new Guest();
        guest.Map(0, 2);
        guest.Touch(1, 1);
        PageTable tables = guest.Space.PageTable;

        // The page-table lock, which a fault only needs for a new table, is not in the way.
        tables.EnterInstall(Guest.At(0));
        guest.Touch(0, 1);
        tables.ExitInstall(Guest.At(0));
        Assert.Equal((2, 0), (guest[FaultEvent.Speculative], guest[FaultEvent.TableLockWait]));
    }

    [Fact]
    public void WhenNoFrameIsLeftThenTheClassicPathSaysSo()
    {
        using var guest = new Guest(frames: 32);
        guest.Map(0, 2);
        guest.Touch(1, 1);
        List<uint> taken = [];
        while (guest.Memory.Frames.TryAllocate() is var frame and not PhysicalMemory.NoFrame) taken.Add(frame);
        Assert.Equal(FaultSignal.OutOfMemory, Guest.SignalOf(() => guest.Touch(0, 1)));
        AssertAborts(guest, (SpeculationAbort.NoFrame, 1));
        guest.Memory.Frames.Free([.. taken]);
        guest.Touch(0, 1);
        AssertAborts(guest, (SpeculationAbort.NoFrame, 1));
    }

    [Fact]
    public void WhenTheSpaceHasOneAccessorThenTheShortcutTakesTheClassicWay()
    {
        using var guest = new Guest(shortcut: true);
        guest.Map(0, 4);
        guest.Touch(0, 2);
        AssertAborts(guest, (SpeculationAbort.SingleThread, 2));
        Assert.Equal((2, 0, 0), (guest[FaultEvent.Classic], guest[FaultEvent.Attempt], guest[FaultEvent.Fallback]));

        MemoryAccessor second = guest.NewCpu();
        guest.Touch(2, 1);
        Assert.Equal(1, guest[FaultEvent.Speculative]);
        second.Dispose();
        guest.Touch(3, 1);
        AssertAborts(guest, (SpeculationAbort.SingleThread, 3));
    }

    /// <summary>The area is replaced again and again beside the faults: they restart, fall back, and all arrive.</summary>
    [Fact]
    public void WhenTheAreaIsReplacedAllTheTimeThenFaultsStillResolve()
    {
        using var guest = new Guest();
        guest.Map(0, 64);
        var crew = new Crew();
        crew.StartLoop(_ =>
        {
            // Splits and merges the area.
            guest.Protect(32, 1, Protection.Read);
            guest.Protect(32, 1, Protection.ReadWrite);
        });
        MemoryAccessor cpu = guest.NewCpu();
        crew.Start(() =>
        {
            for (int round = 0; round < 300; round++)
            {
                for (int page = 0; page < 32; page++) cpu.Write(Guest.At(page), page);
                guest.Advise(0, 32, Advice.DontNeed);
            }
        });
        crew.RunFor(TimeSpan.FromSeconds(1));
        Assert.Equal(guest[FaultEvent.Attempt], guest[FaultEvent.Speculative] + guest[FaultEvent.Fallback]);
        Assert.True(guest[FaultEvent.Restart] <= SpeculativeFault.MaxRestarts * guest[FaultEvent.Attempt]);
    }
}
