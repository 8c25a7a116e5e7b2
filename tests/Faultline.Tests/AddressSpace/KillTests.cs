using Faultline.Faults;
using Faultline.Locking;
using Faultline.Tests.Files;
using Faultline.Tests.Locking;
using Faultline.Tests.Swap;
using static Faultline.Tests.Guest;

namespace Faultline.Tests.Calls;

/// <summary><see cref="AddressSpace.Kill"/>: whatever waits ends, and what it waited for is left to finish.</summary>
public class KillTests
{
    private const ulong P = Page.Size;

    [Theory]
    [ClassData(typeof(Pairs))]
    public void WhenAFileNeverAnswersThenTheFaultEndsAndTheReadKeepsItsFileAndFrames(FaultDesign design, WriterLock writers, bool dropLock)
    {
        foreach (bool optsIn in new[] { true, false })
        {
            using var guest = new Guest(design, writerLock: writers, dropLock: dropLock);
            using var answer = new ManualResetEventSlim();
            var file = new TestFile(guest.Memory, 64 * P) { Hangs = true, OptsIn = optsIn, OnRead = _ => answer.Wait(TestContext.Current.CancellationToken) };
            guest.Space.Map(At(0), 8 * P, Protection.Read, Private, file, 0);
            LockThread reader = StartFault(guest, 3, FaultSignal.Killed);
            Wait.Until(() => file.Reads == 1, "nothing was read");
            guest.Space.Kill();
            reader.Join();
            Assert.Equal(design == FaultDesign.Classic || !optsIn ? 0 : 1, guest[SpeculationAbort.Killed]);

            // The space goes, the creator goes: the read has the last reference.
            long before = guest.FramesInUse;
            guest.Space.Dispose();
            file.Dispose();
            Assert.False(file.IsReleased);
            Assert.InRange(guest.FramesInUse, 1, before);
            answer.Set();
            Wait.Until(() => file.IsReleased, "the file was never let go");
            Wait.Until(() => guest.FramesInUse == 0, "the frames never came home");
        }
    }

    [Theory]
    [ClassData(typeof(Pairs))]
    public void WhenAnotherSpaceReadsThePageThenOnlyTheKilledOneStopsWaitingForItsLock(FaultDesign design, WriterLock writers, bool dropLock)
    {
        using var guest = new Guest(design, writerLock: writers, dropLock: dropLock);
        using var answer = new ManualResetEventSlim();
        using var file = new TestFile(guest.Memory) { OnRead = _ => answer.Wait(TestContext.Current.CancellationToken) };
        guest.Space.Map(At(0), 8 * P, Protection.Read, Private, file, 0);
        AddressSpace other = guest.Fork();
        MemoryAccessor reader = guest.NewCpu(other);
        LockThread reading = LockThread.StartAndPark(() => Assert.Equal(3, reader.Read<byte>(At(3))));
        Wait.Until(() => file.Reads == 1, "nothing was read");
        LockThread waiting = LockThread.StartAndPark(() => Assert.Equal(FaultSignal.Killed, SignalOf(() => guest.Cpu.Read<byte>(At(3)))));
        guest.Space.Kill();
        waiting.Join();
        Assert.False(reading.HasEnded);
        answer.Set();
        reading.Join();
        Assert.Equal(1, file.Reads);
    }

    [Theory]
    [ClassData(typeof(Pairs))]
    public void WhenThePageIsBeingWrittenBackThenAWriteThatWaitsForItsLockEnds(FaultDesign design, WriterLock writers, bool dropLock)
    {
        using var guest = new Guest(design, writerLock: writers, dropLock: dropLock);
        using var answer = new ManualResetEventSlim();
        using var file = new StoredFile(guest.Memory, new byte[Page.Size])
        {
            OnWritable = _ => { },
            OnWrite = _ => answer.Wait(TestContext.Current.CancellationToken),
        };
        guest.Space.Map(At(0), P, Protection.ReadWrite, Shared, file, 0);
        guest.Cpu.Write(At(0), 1UL);
        LockThread writingBack = LockThread.StartAndPark(file.Flush);
        LockThread writer = LockThread.StartAndPark(() => Assert.Equal(FaultSignal.Killed, SignalOf(() => guest.Cpu.Write(At(0), 2UL))));
        guest.Space.Kill();
        writer.Join();
        answer.Set();
        writingBack.Join();
        Assert.Equal(1, file.Contents[0]);
    }

    [Theory]
    [ClassData(typeof(Pairs))]
    public void WhenASwapDeviceNeverAnswersThenTheFaultEndsAndSlotAndFrameComeHomeLater(FaultDesign design, WriterLock writers, bool dropLock)
    {
        using var answer = new ManualResetEventSlim();
        using var device = new TestSwapDevice(8) { Hangs = true };
        using var guest = new Guest(design, writerLock: writers, dropLock: dropLock, swap: device);
        guest.Map(0, 1);
        guest.Touch(0, 1);
        guest.Advise(0, 1, Advice.PageOut);
        using var done = new ManualResetEventSlim();
        device.AfterRead = () =>
        {
            answer.Wait(TestContext.Current.CancellationToken);
            done.Set();
        };
        LockThread reader = StartFault(guest, 0, FaultSignal.Killed);
        guest.Space.Kill();
        reader.Join();
        Assert.Equal(7, guest.Memory.ReclaimStatistics.FreeSwapSlots);
        guest.Space.Dispose();

        // The read holds its slot, though no entry names it any more; and its frame longer, without which the memory could be disposed of, and the device serve another.
        Assert.Equal(7, guest.Memory.ReclaimStatistics.FreeSwapSlots);
        long framesAtDiscard = 0;
        device.BeforeDiscard = () => framesAtDiscard = guest.FramesInUse;
        answer.Set();
        done.Wait(TestContext.Current.CancellationToken);
        Wait.Until(() => guest.Memory.ReclaimStatistics.FreeSwapSlots == 8, "the slot was never let go");
        Assert.Equal(1, framesAtDiscard);
        Wait.Until(() => guest.FramesInUse == 0, "the frame never came home");
    }

    [Theory]
    [ClassData(typeof(Pairs))]
    public void WhenAHandlerNeverAnswersThenTheFaultEnds(FaultDesign design, WriterLock writers, bool dropLock)
    {
        using var guest = new Guest(design, writerLock: writers, dropLock: dropLock);
        using var answer = new ManualResetEventSlim();
        var handler = new TestHandler(_ =>
        {
            answer.Wait(TestContext.Current.CancellationToken);
            return true;
        })
        { Hangs = true };
        guest.Map(0, 1);
        Assert.Equal(Errno.None, guest.Space.TryRegisterUserFault(At(0), P, handler, UserFaultModes.Missing));
        LockThread reader = StartFault(guest, 0, FaultSignal.Killed);
        Wait.Until(() => handler.Asked.Any(), "the handler was never asked");
        guest.Space.Kill();
        reader.Join();
        answer.Set();
    }

    /// <summary>Linux's uninterruptible sleep.</summary>
    [Theory]
    [ClassData(typeof(Pairs))]
    public void WhenTheFaultItselfReadsThenItEndsAfterTheRead(FaultDesign design, WriterLock writers, bool dropLock)
    {
        using var guest = new Guest(design, writerLock: writers, dropLock: dropLock);
        using var answer = new ManualResetEventSlim();
        using var file = new TestFile(guest.Memory) { OnRead = _ => answer.Wait(TestContext.Current.CancellationToken) };
        guest.Space.Map(At(0), P, Protection.Read, Private, file, 0);
        LockThread reader = StartFault(guest, 0, FaultSignal.Killed);
        guest.Space.Kill();
        Thread.Sleep(20);
        Assert.False(reader.HasEnded);
        answer.Set();
        reader.Join();
    }

    [Theory]
    [ClassData(typeof(Pairs))]
    public void WhenFaultsAndCallsWaitForTheLockThenTheyEndAndNothingHasChanged(FaultDesign design, WriterLock writers, bool dropLock)
    {
        using var guest = new Guest(design, writerLock: writers, dropLock: dropLock);
        guest.Map(0, 8);
        string before = guest.Space.Maps();
        guest.Space.IsSpeculationEnabled = false;
        guest.Space.MmapLock.EnterWrite(LockUser.Map);
        var waiting = new List<LockThread> { StartFault(guest, 0, FaultSignal.Killed) };
        foreach ((string name, Func<AddressSpace, Errno> call) in Calls) waiting.Add(LockThread.StartAndPark(() => Assert.Equal((name, Errno.EINTR), (name, call(guest.Space)))));
        guest.Space.Kill();
        foreach (LockThread thread in waiting) thread.Join();
        Assert.True(guest.Space.MmapLock.IsWriteHeld);
        guest.Space.MmapLock.ExitWrite();
        Assert.Equal(before, guest.Space.Maps());
    }

    /// <summary>A fault that cannot be killed holds the lock, or its page's range, for as long as its file reads.</summary>
    [Theory]
    [InlineData(WriterLock.MmapLock)]
    [InlineData(WriterLock.RangeLock)]
    public void WhenCallsWaitForAFaultsPageThenTheyEndAndTheFaultGoesOn(WriterLock writers)
    {
        using var guest = new Guest(FaultDesign.Classic, writerLock: writers, dropLock: false);
        using var answer = new ManualResetEventSlim();
        using var file = new TestFile(guest.Memory) { OnRead = _ => answer.Wait(TestContext.Current.CancellationToken) };
        guest.Space.Map(At(0), 8 * P, Protection.Read, Private, file, 0);
        LockThread reader = StartFault(guest, 3, FaultSignal.Killed);
        Wait.Until(() => file.Reads == 1, "nothing was read");
        LockThread unmap = LockThread.StartAndPark(() => Assert.Equal(Errno.EINTR, guest.Space.TryUnmap(At(0), 8 * P)));
        LockThread protect = LockThread.StartAndPark(() => Assert.Equal(Errno.EINTR, guest.Space.TryProtect(At(0), 8 * P, Protection.None)));
        LockThread fork = LockThread.StartAndPark(() => Assert.Equal(Errno.EINTR, guest.Space.TryFork(out _)));
        guest.Space.Kill();
        unmap.Join();
        protect.Join();
        fork.Join();
        Assert.False(reader.HasEnded);
        answer.Set();
        reader.Join();
    }

    [Fact]
    public void WhenASpaceIsKilledThenCallsThatChangeItFailAndOthersSeeWhatIsInMemory()
    {
        using var guest = new Guest();
        guest.Map(0, 8);
        guest.Touch(0, 2);
        AddressSpace child = guest.Fork();
        MemoryAccessor cpu = guest.NewCpu();
        Assert.Equal(WordOf(1), guest.Cpu.Read<ulong>(At(1)));
        Assert.False(guest.Space.IsKilled);
        guest.Space.Kill();
        guest.Space.Kill();
        Assert.True(guest.Space.IsKilled);
        foreach ((string name, Func<AddressSpace, Errno> call) in Calls) Assert.Equal((name, Errno.EINTR), (name, call(guest.Space)));
        Assert.Equal(Errno.EINTR, Assert.Throws<AddressSpaceException>(() => guest.Space.Reset(0)).Error);
        Assert.Equal(Errno.EINTR, Assert.Throws<AddressSpaceException>(guest.Space.MemoryUnlockAll).Error);

        // A miss ends; what the TLB has does not.
        var exception = Assert.Throws<MemoryFaultException>(() => cpu.Read<ulong>(At(0)));
        Assert.Equal((FaultSignal.Killed, At(0), AccessKind.Read), (exception.Signal, exception.Address, exception.Access));
        Assert.Contains("SIGKILL", exception.Message, StringComparison.Ordinal);
        Assert.Equal(WordOf(1), guest.Cpu.Read<ulong>(At(1)));

        // From outside: a debugger, a core dump.
        byte[] word = new byte[16];
        Assert.Equal(Errno.None, guest.Space.TryReadMemory(At(2) - 8, word, out ulong done));
        Assert.Equal(8UL, done);
        Assert.Equal(Errno.EFAULT, guest.Space.TryReadMemory(At(5), word, out _));
        Assert.Equal(Errno.EINTR, guest.Space.TryPinPages(At(5), P, PinFlags.Write, out _));
        Assert.Contains("rw-p", guest.Space.Maps(), StringComparison.Ordinal);

        // A child is a process of its own.
        MemoryAccessor childCpu = guest.NewCpu(child);
        childCpu.Write(At(5), 5UL);
        child.Unmap(At(0), P);
    }

    [Fact]
    public void WhenASpaceIsDisposedOfThenItCannotBeKilled()
    {
        using var guest = new Guest();
        guest.Space.Dispose();
        Assert.Throws<ObjectDisposedException>(guest.Space.Kill);
    }

    /// <summary>Nobody is killed: the thread of its own makes no difference.</summary>
    [Theory]
    [ClassData(typeof(Pairs))]
    public void WhenAFileThatMayHangAnswersThenFaultsGetWhatItSays(FaultDesign design, WriterLock writers, bool dropLock)
    {
        using var guest = new Guest(design, writerLock: writers, dropLock: dropLock);
        int fault = Environment.CurrentManagedThreadId;
        using var file = new TestFile(guest.Memory, 64 * P)
        {
            Hangs = true,
            ReadAhead = 4,
            OnRead = page =>
            {
                Assert.NotEqual(fault, Environment.CurrentManagedThreadId);
                if (page == 5) throw new IOException("bad sector");
                if (page == 9) throw new InvalidOperationException("should not be thrown");
            },
        };
        guest.Space.Map(At(0), 64 * P, Protection.Read, Private, file, 0);
        Assert.Equal(17, guest.Cpu.Read<byte>(At(17)));
        Assert.Equal(4, file.Reads);

        // Page 5 spoils the window; its neighbour is read alone.
        Assert.Equal(4, guest.Cpu.Read<byte>(At(4)));
        Assert.Equal(FaultSignal.BusError, SignalOf(() => guest.Cpu.Read<byte>(At(5))));
        Assert.Throws<InvalidOperationException>(() => guest.Cpu.Read<byte>(At(9)));
        Assert.Equal(6, guest.Cpu.Read<byte>(At(6)));
    }

    private static IEnumerable<(string Name, Func<AddressSpace, Errno> Call)> Calls =>
    [
        ("mmap", space => space.TryMap(0, P, Protection.Read, MapFlags.Private, out _)),
        ("mmap fixed", space => space.TryMap(At(2), P, Protection.Read, Private, out _)),
        ("munmap", space => space.TryUnmap(At(0), P)),
        ("mprotect", space => space.TryProtect(At(0), P, Protection.Read)),
        ("mprotect of all", space => space.TryProtect(At(0), 8 * P, Protection.Read)),
        ("mremap", space => space.TryRemap(At(0), P, 2 * P, RemapFlags.MayMove, 0, out _)),
        ("mremap fixed", space => space.TryRemap(At(0), P, P, RemapFlags.MayMove | RemapFlags.Fixed, At(20), out _)),
        ("madvise", space => space.TryAdvise(At(0), P, Advice.Sequential)),
        ("mlock", space => space.TryMemoryLock(At(0), P)),
        ("munlock", space => space.TryMemoryUnlock(At(0), P)),
        ("mlockall", space => space.TryMemoryLockAll(LockAllFlags.Future)),
        ("brk", space => space.TryBrk(At(100), out _)),
        ("fork", space => space.TryFork(out _)),
        ("UFFDIO_REGISTER", space => space.TryRegisterUserFault(At(0), P, new TestHandler(_ => true), UserFaultModes.Missing)),
    ];

    private static LockThread StartFault(Guest guest, int page, FaultSignal expected)
    {
        MemoryAccessor cpu = guest.NewCpu();
        return LockThread.StartAndPark(() => Assert.Equal(expected, SignalOf(() => cpu.Read<byte>(At(page)))));
    }
}
