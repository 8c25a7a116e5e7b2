using Faultline.Diagnostics;
using Faultline.Tests.Files;
using Faultline.Tests.Locking;
using Faultline.Tests.Swap;
using static Faultline.Tests.Guest;

namespace Faultline.Tests.Calls;

/// <summary><see cref="PinFlags.NoWait"/>: what KVM's asynchronous page faults ask for.</summary>
public class NoWaitPinTests
{
    private const ulong P = Page.Size;

    /// <summary>
    /// <code>
    ///   | in memory | file, in memory | anonymous, untouched | file, not in memory | in memory |
    ///   0           1                 2                      3                     4
    /// </code>
    /// </summary>
    [Theory]
    [ClassData(typeof(Pairs))]
    public void WhenNobodyIsToBeWaitedForThenPagesArePinnedUpToTheFirstThatIsNotThere(FaultDesign design, WriterLock writers, bool dropLock)
    {
        using var guest = new Guest(design, writerLock: writers, dropLock: dropLock);
        using var file = new TestFile(guest.Memory);
        guest.Map(0, 5);
        guest.Touch(0, 1);
        guest.Touch(4, 1);
        guest.Space.Map(At(1), P, Protection.Read, Private, file, 7 * P);
        guest.Space.Map(At(3), P, Protection.Read, Private, file, 9 * P);
        file.Read(7 * P, new byte[1]);
        using (PinnedPages pinned = guest.Space.PinPages(At(0), 5 * P, PinFlags.NoWait))
        {
            Assert.Equal((3, PinFlags.NoWait), (pinned.PageCount, pinned.Flags));
            Assert.Equal(7, pinned.GetPage(1)[0]);
        }

        Assert.Equal(Errno.EAGAIN, guest.Space.TryPinPages(At(3), 2 * P, PinFlags.NoWait, out PinnedPages? none));
        Assert.Null(none);
        Assert.Equal((1, 0), (file.Reads, guest[FaultEvent.Retry]));

        // As KVM goes on: somebody who may wait brings the page, and the guest's processor tries again.
        guest.Space.PinPages(At(3), P).Dispose();
        using PinnedPages all = guest.Space.PinPages(At(0), 5 * P, PinFlags.NoWait | PinFlags.LongTerm);
        Assert.Equal(5, all.PageCount);
    }

    [Theory]
    [InlineData(PinFlags.NoWait)]
    [InlineData(PinFlags.NoWait | PinFlags.Write)]
    public void WhenAPageIsOnASwapDeviceOrAHandlersThenThePinIsRefusedWithoutAskingEither(PinFlags flags)
    {
        using var device = new TestSwapDevice(8);
        using var guest = new Guest(swap: device);
        var handler = new TestHandler(_ => throw new InvalidOperationException("Somebody asked."));
        guest.Map(0, 2);
        guest.Touch(0, 1);
        guest.Advise(0, 1, Advice.PageOut);
        Assert.Equal(Errno.None, guest.Space.TryRegisterUserFault(At(1), P, handler, UserFaultModes.Missing));
        device.AfterRead = () => Assert.Fail("Somebody read.");
        Assert.Equal(Errno.EAGAIN, guest.Space.TryPinPages(At(0), P, flags, out _));
        Assert.Equal(Errno.EAGAIN, guest.Space.TryPinPages(At(1), P, flags, out _));
        device.AfterRead = null;
        Assert.Equal(WordOf(0), guest.Cpu.Read<ulong>(At(0)));
        using PinnedPages pinned = guest.Space.PinPages(At(0), P, flags);
        Assert.Equal(1, pinned.PageCount);
    }

    [Fact]
    public void WhenAPageIsLockedForItsReadThenThePinDoesNotWaitForTheLock()
    {
        using var guest = new Guest();
        using var answer = new ManualResetEventSlim();
        using var file = new TestFile(guest.Memory) { OnRead = _ => answer.Wait(TestContext.Current.CancellationToken) };
        guest.Space.Map(At(0), P, Protection.Read, Private, file, 0);
        MemoryAccessor cpu = guest.NewCpu();
        LockThread reader = LockThread.StartAndPark(() => cpu.Read<byte>(At(0)));
        Assert.Equal(Errno.EAGAIN, guest.Space.TryPinPages(At(0), P, PinFlags.NoWait, out _));
        answer.Set();
        reader.Join();
    }

    /// <summary>A refusal is told from a page that will never be there.</summary>
    [Fact]
    public void WhenAPageCannotBePinnedByAnyMeansThenTheErrorSaysSo()
    {
        using var guest = new Guest();
        using var file = new TestFile(guest.Memory, length: P);
        guest.Space.Map(At(0), 2 * P, Protection.Read, Private, file, 0);
        Assert.Equal(Errno.EFAULT, guest.Space.TryPinPages(At(0), P, PinFlags.NoWait | PinFlags.Write, out _));
        Assert.Equal(Errno.EFAULT, guest.Space.TryPinPages(At(5), P, PinFlags.NoWait, out _));
        Assert.Equal(Errno.EINVAL, guest.Space.TryPinPages(At(0), P, (PinFlags)8, out _));

        // Only who waits learns that the file ends before the page.
        Assert.Equal(Errno.EAGAIN, guest.Space.TryPinPages(At(1), P, PinFlags.NoWait, out _));
        Assert.Equal(Errno.EFAULT, guest.Space.TryPinPages(At(1), P, PinFlags.None, out _));
    }
}
