using Faultline.Checker;
using Faultline.Files;
using Faultline.Locking;
using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Models.Locking;

/// <summary>A kill against the wake-up that comes anyway: whoever waits killably ends, nobody else is left asleep, and what was waited for has one owner.</summary>
public class KillModels
{
    private const int Schedules = 6_000;
    private const int SchedulesOfPages = 1_000;
    private const int SchedulesToFind = 10_000;

    [Fact]
    public void WhenTheSignalIsSentWhileAThreadGoesToSleepThenItEnds() => Checks.AssertPasses(MemoryModel.Tso, SleepAgainstSignal, Schedules);

    /// <summary>
    /// <code>
    ///   waiter                                 who kills
    ///                                          pending; wakes who is on the list
    ///   on the list; sleeps for ever
    /// </code>
    /// </summary>
    [Fact]
    public void WhenASleepBeginsWithoutALookAtTheSignalThenItNeverEnds() =>
        Checks.WithMutant(Mutant.SleepWithoutALookAtTheSignal, () => Checks.AssertFound(MemoryModel.Tso, SchedulesToFind, SleepAgainstSignal));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void WhenTheFirstInTheQueueIsKilledAsItIsWokenThenTheNextGetsTheLock(bool hasReaderSlots) =>
        Checks.AssertPasses(MemoryModel.Tso, scope => KillInQueue(scope, hasReaderSlots, nextWrites: true), Schedules);

    /// <summary>Readers wait behind a writer, not behind the readers that are inside.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void WhenAWriterIsKilledThenTheReadersBehindItEnter(bool hasReaderSlots) =>
        Checks.AssertPasses(MemoryModel.Tso, scope => KillInQueue(scope, hasReaderSlots, nextWrites: false), Schedules);

    /// <summary>
    /// <code>
    ///   first writer                     second writer                    holder
    ///   asleep                           asleep
    ///                                                                     lock free; wakes the first
    ///   killed: gone                     asleep at a free lock
    /// </code>
    /// </summary>
    [Fact]
    public void WhenAKilledWaiterLeavesSilentlyThenTheNextSleepsAtAFreeLock() =>
        Checks.WithMutant(Mutant.LeaveQueueSilently, () => Checks.AssertFound(MemoryModel.Tso, SchedulesToFind, scope => KillInQueue(scope, hasReaderSlots: false, nextWrites: true)));

    [Fact]
    public void WhenAWriterIsKilledWhileItWaitsForReadersThenOthersEnter() => Checks.AssertPasses(MemoryModel.Tso, KillBehindReaders, Schedules);

    [Fact]
    public void WhenARequestForARangeIsKilledThenThoseBehindItGetTheirs() => Checks.AssertPasses(MemoryModel.Tso, KillInRangeLock, Schedules);

    [Fact]
    public void WhenAWaiterIsKilledAsItsErrandEndsThenOneOfThemHasWhatTheyShared() => Checks.AssertPasses(MemoryModel.Tso, KillAgainstErrand, Schedules);

    [Fact]
    public void WhenAWaiterForAPageIsKilledThenTheReaderAndOtherWaitersGetIt() => Checks.AssertPasses(MemoryModel.Tso, KillAgainstPage, SchedulesOfPages);

    private static void SleepAgainstSignal(ExploreScope scope)
    {
        var signal = new FatalSignal();
        var parker = new Parker();
        bool woken = true;
        scope.Spawn(() => woken = signal.TryPark(parker));
        scope.Spawn(signal.Send);
        scope.AtEnd(() => Assert.False(woken));
    }

    private static void KillInQueue(ExploreScope scope, bool hasReaderSlots, bool nextWrites)
    {
        var signal = new FatalSignal();
        var mmapLock = new MmapLock(hasReaderSlots: hasReaderSlots);
        var inside = default(Word64);
        mmapLock.EnterWrite(LockUser.Unmap);
        scope.Spawn(mmapLock.ExitWrite);
        scope.Spawn(() =>
        {
            if (!mmapLock.TryEnterWrite(LockUser.Map, signal)) return;
            Assert.Equal(1ul, inside.Add(1));
            inside.Add(-1);
            mmapLock.ExitWrite();
        });
        scope.Spawn(() =>
        {
            if (nextWrites) mmapLock.EnterWrite(LockUser.Fork);
            else mmapLock.EnterRead(LockUser.Fault);
            Assert.Equal(1ul, inside.Add(1));
            inside.Add(-1);
            if (nextWrites) mmapLock.ExitWrite();
            else mmapLock.ExitRead();
        });
        scope.Spawn(() => Kill(signal, mmapLock));
        scope.AtEnd(() => Assert.True(mmapLock.TryEnterWrite(LockUser.Exit)));
    }

    private static void KillBehindReaders(ExploreScope scope)
    {
        var signal = new FatalSignal();
        var mmapLock = new MmapLock(hasReaderSlots: true);
        scope.Spawn(() =>
        {
            mmapLock.EnterRead(LockUser.Fault);
            mmapLock.ExitRead();
        });
        scope.Spawn(() =>
        {
            if (mmapLock.TryEnterWrite(LockUser.Fork, signal)) mmapLock.ExitWrite();
        });
        scope.Spawn(() => Kill(signal, mmapLock));
        scope.AtEnd(() => Assert.True(mmapLock.TryEnterRead(LockUser.Exit)));
        scope.AtEnd(mmapLock.ExitRead);
        scope.AtEnd(() => Assert.True(mmapLock.TryEnterWrite(LockUser.Exit)));
    }

    private static void KillInRangeLock(ExploreScope scope)
    {
        var signal = new FatalSignal();
        var ranges = new RangeLock((int)LockUser.Exit + 1);
        RangeHold first = ranges.Enter(0, 2, isExclusive: true);
        scope.Spawn(first.Dispose);
        scope.Spawn(() =>
        {
            if (ranges.TryEnter(0, 2, isExclusive: true, LockUser.Map, signal, out RangeHold hold)) hold.Dispose();
        });
        scope.Spawn(() => ranges.Enter(1, 3, isExclusive: true).Dispose());
        scope.Spawn(signal.Send);
        scope.AtEnd(() => Assert.True(ranges.TryEnter(0, 3, isExclusive: true, out _)));
    }

    private static void KillAgainstErrand(ExploreScope scope)
    {
        var signal = new FatalSignal();
        var errand = new TestErrand();
        scope.Spawn(errand.Run);
        scope.Spawn(() =>
        {
            if (!errand.TryAwait(signal)) return;
            Assert.Equal(7ul, errand.Result.LoadRelaxed());
            errand.Owners.Add(1);
        });
        scope.Spawn(signal.Send);
        scope.AtEnd(() => Assert.Equal(1ul, errand.Owners.LoadRelaxed()));
    }

    private static void KillAgainstPage(ExploreScope scope)
    {
        const int Frames = 8;
        var memory = new PhysicalMemory(new PhysicalMemoryOptions { CapacityInFrames = Frames, PoisonFreedFrames = true });
        scope.Cleanup(memory.Dispose);
        var file = new MemoryFile(memory, length: Page.Size);
        var signal = new FatalSignal();
        scope.Spawn(() => GetPage(file, signal: null));
        scope.Spawn(() => GetPage(file, signal));
        scope.Spawn(signal.Send);
        scope.AtEnd(() =>
        {
            file.Dispose();
            Assert.Equal(Frames, memory.FreeFrames);
        });
    }

    private static void GetPage(VmFile file, FatalSignal? signal)
    {
        FileResult result = file.Cache.GetOrRead(0, out uint pfn, signal: signal);
        Assert.True(result == FileResult.Ok || (result == FileResult.Killed && signal is not null));
        if (result == FileResult.Ok) file.Memory.Release(pfn);
    }

    private static void Kill(FatalSignal signal, MmapLock mmapLock)
    {
        signal.Send();
        mmapLock.WakeAllToLook();
    }

    private sealed class TestErrand : Errand
    {
        public Word64 Result, Owners;

        protected override void Work() => Result.StoreRelaxed(7);

        protected override void GiveBack() => Owners.Add(1);
    }
}
