using Faultline.Areas;
using Faultline.Locking;

namespace Faultline.Tests.Calls;

/// <summary>Calls under <see cref="WriterLock.RangeLock"/>: who waits for whom, and what is refused.</summary>
public class RangesTests
{
    private const ulong P = 4096;

    [Fact]
    public void WhenTheDesignWaitsForTheReadersOfAreasThenRangesAreRefused()
    {
        using var test = new Physical.TestMemory(8);
        var options = new AddressSpaceOptions { Design = FaultDesign.AreaLock, WriterLock = WriterLock.RangeLock };
        var refused = Assert.Throws<ArgumentException>(() => new AddressSpace(test.Memory, options));
        Assert.Contains("AreaLock needs WriterLock.MmapLock", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>What lies beside a range that ends where the numbers end cannot be reckoned by going on from its end.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void WhenARangeEndsWithTheLastPageThereIsThenTheCallAnswersAndTheLockIsFree(ulong pagesBefore)
    {
        using var guest = new Guest(writerLock: WriterLock.RangeLock);
        Assert.Equal(Errno.ENOMEM, guest.Space.TryProtect(ulong.MaxValue - ((pagesBefore + 2) * P) + 1, P, Protection.Read));
        Assert.Equal(Errno.ENOMEM, guest.Space.TryProtect(Guest.At(0), ulong.MaxValue - P + 1 - Guest.At(0), Protection.Read));
        guest.Map(0, 1);
        guest.Touch(0, 1);
        guest.Unmap(0, 1);
    }

    /// <summary>
    /// An unmap that waits for a walker holds what it holds for as long as the test likes.
    /// <code>
    /// page   0              1024            2048                          4096
    ///        |being unmapped|free           |other: every call that changes areas of a range|
    /// </code>
    /// </summary>
    [Theory]
    [InlineData(WriterLock.RangeLock, true)]
    [InlineData(WriterLock.MmapLock, false)]
    public void WhenAnUnmapTakesLongThenCallsOnOtherRangesWaitUnderOneLockOnly(WriterLock writerLock, bool returns)
    {
        using var guest = new Guest(downgrade: false, writerLock: writerLock);
        MemoryAccessor bystander = guest.NewCpu(), other = guest.NewCpu();
        guest.Space.Reset(brkStart: Guest.At(4096));
        guest.Map(0, 1024);
        bystander.Write(Guest.At(0), 1L);
        var crew = new Crew();
        using var done = new ManualResetEventSlim();
        using (MemoryAccessor.Session session = bystander.OpenSession())
        {
            crew.Start(() => guest.Unmap(0, 1024));
            Wait.UntilDue(session);
            crew.Start(() =>
            {
                guest.Map(2048, 4);
                guest.Protect(2049, 1, Protection.Read);
                other.Write(Guest.At(2048), 2L);
                guest.Advise(2048, 2, Advice.DontFork);
                guest.Space.MemoryLock(Guest.At(2048), P);
                guest.Space.MemoryUnlock(Guest.At(2048), P);
                guest.Space.Remap(Guest.At(2051), P, 2 * P, RemapFlags.None);
                guest.Space.Remap(Guest.At(2048), P, P, RemapFlags.MayMove | RemapFlags.Fixed, Guest.At(3000));
                Assert.Equal(2L, other.Read<long>(Guest.At(3000)));
                ulong moved = guest.Space.Remap(Guest.At(3000), P, 9 * P, RemapFlags.MayMove);
                Assert.Equal(2L, other.Read<long>(moved));
                guest.Space.Unmap(moved, 9 * P);
                guest.Map(3500, 1, flags: Guest.Private | MapFlags.GrowsDown);
                other.Write(Guest.At(3499), 3L);
                guest.Space.Brk(Guest.At(4100));
                guest.Space.Brk(Guest.At(4098));
                var handler = new TestHandler(_ => true);
                Assert.Equal(Errno.None, guest.Space.TryRegisterUserFault(Guest.At(2051), P, handler, UserFaultModes.WriteProtect));
                Assert.Equal(Errno.None, guest.Space.TryUserFaultWriteProtect(Guest.At(2051), P, protect: true));
                guest.Unmap(2048, 1500);
                done.Set();
            });
            Assert.Equal(returns, done.Wait(returns ? TimeSpan.FromSeconds(30) : TimeSpan.FromMilliseconds(100)));
        }

        crew.Join();
        long waited = guest.Space.LockStatistics.BlamedNanoseconds(LockUser.Map, LockUser.Unmap);
        Assert.Equal(!returns, waited > 0);
    }

    /// <summary>
    /// Who was refused under a range holds the whole space, for read while it frees. The new map may not be there before the old pages are gone, else they take its contents along.
    /// <code>
    /// page   0    1                 8    9
    ///        |kept|being freed      |kept|
    ///             |new map, written |
    /// </code>
    /// </summary>
    [Fact]
    public void WhenTheWholeSpaceIsHeldForReadThenAMapIntoTheHoleWaits()
    {
        const int All = 20;
        using var guest = new Guest(downgrade: true, writerLock: WriterLock.RangeLock, maximumAreas: All);
        MemoryAccessor bystander = guest.NewCpu(), other = guest.NewCpu();
        guest.Map(0, 9);
        bystander.Write(Guest.At(2), 1L);
        var crew = new Crew();
        bool wasTaken;
        using var done = new ManualResetEventSlim();

        // Nobody uses what this room keeps; the unmap, which splits an area, is refused under its range.
        var room = new UsageRoom(guest.Space, isAlone: false, keeps: true);
        guest.Space.Usage.Register(room);
        Assert.True(room.MayAddAreas(All - 1, All - 1));
        room.End();
        using (MemoryAccessor.Session session = bystander.OpenSession())
        {
            crew.Start(() => guest.Unmap(1, 7));
            Wait.UntilDue(session);
            crew.Start(() =>
            {
                guest.Map(1, 7);
                Assert.Equal(0L, other.Exchange(Guest.At(2), 2L));
                done.Set();
            });
            wasTaken = done.Wait(TimeSpan.FromMilliseconds(100));
        }

        crew.Join();
        Assert.Equal(1, guest.Space.LockStatistics.Writes(LockUser.Unmap));
        Assert.False(wasTaken, "The hole was taken before its pages were gone.");
        Assert.Equal(2L, other.Read<long>(Guest.At(2)));
    }

    /// <summary>The hole that the unmap leaves is the highest, and would be taken if the unmap were over. One page less than huge pages fill: no hole stays above it.</summary>
    [Fact]
    public void WhenTheHighestHoleIsHeldThenAnUnhintedMapGoesBelowIt()
    {
        using var guest = new Guest(downgrade: false, writerLock: WriterLock.RangeLock);
        MemoryAccessor bystander = guest.NewCpu();
        ulong huge = guest.Space.Map(0, 1023 * P, Protection.ReadWrite, MapFlags.Private);
        bystander.Write(huge, 1L);
        var crew = new Crew();
        ulong stack = 0;
        using var done = new ManualResetEventSlim();
        using (MemoryAccessor.Session session = bystander.OpenSession())
        {
            crew.Start(() => guest.Space.Unmap(huge, 1023 * P));
            Wait.UntilDue(session);
            crew.Start(() =>
            {
                stack = guest.Space.Map(0, 8 * P, Protection.ReadWrite, MapFlags.Private);
                done.Set();
            });
            Assert.True(done.Wait(TimeSpan.FromSeconds(30)), "The map waits for the unmap.");
        }

        crew.Join();
        Assert.InRange(stack, huge - (4 << 20), huge - (8 * P));
        guest.Space.Unmap(stack, 8 * P);
    }

    [Fact]
    public void WhenARangeEndsBeyondTheUsersAddressesThenTheCallFailsAsEver()
    {
        using var guest = new Guest(writerLock: WriterLock.RangeLock);
        const ulong Top = ulong.MaxValue & ~(P - 1);
        Assert.Equal(Errno.ENOMEM, guest.Space.TryProtect(Top - P, P, Protection.Read));
        Assert.Equal(Errno.ENOMEM, guest.Space.TryAdvise(Top - P, P, Advice.DontFork));
        Assert.Equal(Errno.ENOMEM, guest.Space.TryMemoryLock(Top - P, P));
        Assert.Equal(Errno.EINVAL, guest.Space.TryUnmap(Top - P, P));
        Assert.Equal(Errno.EFAULT, guest.Space.TryRemap(Top - P, P, 2 * P, RemapFlags.MayMove, 0, out _));
        Assert.Equal(Errno.ENOMEM, guest.Space.TryBrk(Top, out _));
    }
}
