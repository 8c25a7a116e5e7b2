using Faultline.Diagnostics;
using Faultline.Faults;
using Faultline.Locking;
using Faultline.Paging;
using Faultline.Tests.Calls;
using Faultline.Tests.Files;
using Faultline.Tests.Locking;
using Faultline.Tests.Swap;

namespace Faultline.Tests.Faults;

/// <summary>Every combination of the flags: what the legal ones do at a wait, and that the others are refused.</summary>
public class FaultFlagsTests
{
    private const FaultFlags None = FaultFlags.None, A = FaultFlags.AllowRetry, N = FaultFlags.NoWait, K = FaultFlags.Killable, T = FaultFlags.Tried;
    private static readonly TimeSpan s_moment = TimeSpan.FromMilliseconds(40);

    private static readonly FaultFlags[] s_legal = [None, A, A | T, A | N, K, A | K, A | T | K, A | N | K];

    public static TheoryData<int> Legal => [.. s_legal.Select(flags => (int)flags)];

    [Fact]
    public void ACombinationIsLegalIfLinuxHasIt()
    {
        for (int bits = 0; bits < 128; bits++)
        {
            var flags = (FaultFlags)bits;
            bool isLegal = s_legal.Contains(flags);
            Assert.Equal(isLegal, flags.IsLegal());
            if (isLegal) continue;
            using var guest = new Guest(frames: 16);
            Assert.Throws<ArgumentException>(() => FaultHandler.Populate(guest.Space, Guest.At(0), AccessKind.Read, flags, out _));
        }
    }

    /// <summary>The lock is free only while the first wait of a fault that may retry lasts; without a wait nothing is read.</summary>
    [Theory]
    [MemberData(nameof(Legal))]
    public void WhenAPageIsNotInMemoryThenTheFaultWaitsAsItsFlagsSay(int bits)
    {
        var flags = (FaultFlags)bits;
        foreach (WriterLock writers in Enum.GetValues<WriterLock>())
        {
            using var guest = new Guest(FaultDesign.Classic, writerLock: writers);
            using var answer = new ManualResetEventSlim();
            using var file = new TestFile(guest.Memory) { OnRead = _ => answer.Wait(TestContext.Current.CancellationToken) };
            guest.Space.Map(Guest.At(0), 4 * Page.Size, Protection.Read, Guest.Private, file, 0);
            (FaultSignal Signal, bool IsRetry) outcome = default;
            LockThread fault = LockThread.Start(() => outcome = (FaultHandler.Populate(guest.Space, Guest.At(1), AccessKind.Read, flags, out bool isRetry), isRetry));
            if (flags.Has(N))
            {
                fault.Join();
                Assert.Equal((FaultSignal.None, true), outcome);
                Assert.Equal(0, file.Reads);
                continue;
            }

            Wait.Until(() => file.Reads == 1, "nothing was read");
            LockThread writer = LockThread.Start(() => guest.Unmap(0, 1));
            if (flags.MayDropLock()) writer.Join();
            else Thread.Sleep(s_moment);
            Assert.Equal(flags.MayDropLock(), writer.HasEnded);
            answer.Set();
            fault.Join();
            writer.Join();
            Assert.Equal((FaultSignal.None, false), outcome);
            Assert.True(guest.EntryOf(1).IsPresent);
        }
    }

    [Theory]
    [MemberData(nameof(Legal))]
    public void WhenTheSpaceIsKilledThenAWaitEndsIfTheFlagsSaySo(int bits)
    {
        var flags = (FaultFlags)bits;
        if (flags.Has(N)) return;
        using var guest = new Guest(FaultDesign.Classic);
        using var answer = new ManualResetEventSlim();
        using var file = new TestFile(guest.Memory) { Hangs = true, OnRead = _ => answer.Wait(TestContext.Current.CancellationToken) };
        guest.Space.Map(Guest.At(0), Page.Size, Protection.Read, Guest.Private, file, 0);
        var signal = FaultSignal.None;
        LockThread fault = LockThread.Start(() => signal = FaultHandler.Populate(guest.Space, Guest.At(0), AccessKind.Read, flags, out _));
        Wait.Until(() => file.Reads == 1, "nothing was read");
        guest.Space.Kill();
        if (flags.Has(K)) fault.Join();
        else Thread.Sleep(s_moment);
        Assert.Equal(flags.Has(K), fault.HasEnded);
        answer.Set();
        fault.Join();
        Assert.Equal(flags.Has(K) ? FaultSignal.Killed : FaultSignal.None, signal);

        // The read that was left alone has its frame until it is done.
        Wait.Until(() => file.Cache.TryLookup(0, out _), "the page never came");
    }

    /// <summary>"Retry" with the lock held, all along: nobody came between.</summary>
    [Theory]
    [InlineData(WriterLock.MmapLock)]
    [InlineData(WriterLock.RangeLock)]
    public void WhenAFaultMustNotWaitThenItNeverLetsTheLockGo(WriterLock writers)
    {
        using var device = new TestSwapDevice(8);
        using var guest = new Guest(FaultDesign.Classic, writerLock: writers, swap: device);
        using var file = new TestFile(guest.Memory) { OnRead = _ => Assert.Fail("Somebody waited.") };
        var handler = new TestHandler(_ => throw new InvalidOperationException("Somebody asked."));
        guest.Space.Map(Guest.At(0), Page.Size, Protection.Read, Guest.Private, file, 0);
        guest.Map(1, 2);
        guest.Touch(1, 1);
        guest.Advise(1, 1, Advice.PageOut);
        Assert.Equal(AbsentKind.Swap, guest.EntryOf(1).Absent);
        Assert.Equal(Errno.None, guest.Space.TryRegisterUserFault(Guest.At(2), Page.Size, handler, UserFaultModes.Missing));
        for (int page = 0; page < 3; page++)
        {
            var fault = new FaultContext(guest.Space, accessor: null, Guest.At(page), AccessKind.Read);
            var held = new FaultLock(guest.Space, LockUser.Populate, Guest.At(page), signal: null);
            FaultFlags flags = A | N;
            Assert.True(held.TryEnter());
            var writer = LockThread.StartAndPark(() => guest.Unmap(page, 1));
            Assert.Equal(FaultSignal.None, ClassicFault.ResolveLocked(ref fault, ref flags, ref held, out bool isRetry));
            Assert.True(isRetry && held.IsHeld && !writer.HasEnded);
            Assert.Equal(A | N, flags);
            fault.GiveBack();
            held.Exit();
            writer.Join();
        }

        Assert.Equal(0, guest[FaultEvent.Retry]);
    }
}
