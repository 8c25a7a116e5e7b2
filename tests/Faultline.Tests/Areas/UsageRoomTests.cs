using Faultline.Areas;
using Faultline.Locking;
using Faultline.Tests.Calls;
using static Faultline.Tests.Calls.TestSpace;

namespace Faultline.Tests.Areas;

/// <summary>Limits under writers that run beside each other. Every thread has at most <see cref="Each"/> pages at any time.</summary>
public class UsageRoomTests
{
    private const int Threads = 4, Each = 3, All = Threads * Each, Stride = 8;
    private static readonly TimeSpan s_while = TimeSpan.FromMilliseconds(500);

    /// <summary>What is limited, and how a page comes to count against it.</summary>
    public enum Limit
    {
        AddressSpace,
        Data,
        DataByProtect,
        MemoryLock,
        MapCount,
    }

    public static TheoryData<Limit> Limits => [.. Enum.GetValues<Limit>()];

    [Theory]
    [MemberData(nameof(Limits))]
    public void WhenThereIsRoomForAllThenNobodyIsEverRefused(Limit limit) => Run(limit, room: All, mayBeRefused: false);

    [Theory]
    [MemberData(nameof(Limits))]
    public void WhenThereIsNoRoomForAllThenTheLimitIsNeverPassedAndAtRestWhatFitsFits(Limit limit) => Run(limit, room: All - 2, mayBeRefused: true);

    [Fact]
    public void WhenAnothersRoomKeepsTheRestThenACallIsMadeAgainByWhoHoldsEverythingAndSucceeds()
    {
        using TestSpace test = Create(room: All);
        test.Space.Limits.AddressSpace = All * P;
        var other = new UsageRoom(test.Space, isAlone: false, keeps: true);
        test.Space.Usage.Register(other);
        Assert.True(other.MayExpand(AreaFlags.None, All));
        other.End();
        Assert.Equal(0UL, test.Space.Usage.Total);
        test.Map(0, 1);
        Assert.Equal(1, test.Space.LockStatistics.Writes(LockUser.Map));
        test.Map(1, 1);
        Assert.Equal(1, test.Space.LockStatistics.Writes(LockUser.Map));
    }

    /// <summary>What calls of one thread give back serves its next ones: the words that all share stay as they are.</summary>
    [Fact]
    public void WhenAThreadMapsAndUnmapsThenTheSharedTotalsAreNotWritten()
    {
        using TestSpace test = Create(room: 1000);
        test.Map(0, 2);
        ulong[] before = Taken();
        for (int i = 0; i < 100; i++)
        {
            test.Unmap(0, 1);
            test.Map(0, 1);
        }

        Assert.Equal(before, Taken());
        Assert.Equal((2UL, 1UL), (test.Space.Usage.Total, test.Space.Usage.Areas));

        ulong[] Taken() => [.. Enum.GetValues<UsageKind>().Select(test.Space.Usage.Taken)];
    }

    private static TestSpace Create(int room) => new(new AddressSpaceOptions
    {
        WriterLock = WriterLock.RangeLock,

        // mmap may pass the limit by one.
        MaximumAreas = room - 1,
    });

    private static void Run(Limit limit, int room, bool mayBeRefused)
    {
        int seed = Seed.Announce();
        using TestSpace test = Create(limit == Limit.MapCount ? room : 1000);
        ulong bytes = (ulong)room * P;
        if (limit == Limit.AddressSpace) test.Space.Limits.AddressSpace = bytes;
        else if (limit == Limit.MemoryLock) test.Space.Limits.MemoryLock = bytes;
        else if (limit != Limit.MapCount) test.Space.Limits.Data = bytes;

        // Pages that count only once they are writable, or locked, are there from the start; apart, so that none merge.
        bool isMapped = limit is Limit.DataByProtect or Limit.MemoryLock;
        if (isMapped)
        {
            for (int page = 0; page < All; page++) test.Map(page * Stride, 1, R);
        }

        var crew = new Crew();
        for (int i = 0; i < Threads; i++)
        {
            int thread = i;
            Random random = Seed.ForThread(seed, thread);
            bool[] counted = new bool[Each];
            crew.StartLoop(_ =>
            {
                int own = random.Next(Each);
                int page = ((own * Threads) + thread) * Stride;
                if (counted[own])
                {
                    GiveUp(test, limit, page);
                    counted[own] = false;
                    return;
                }

                Errno error = Take(test, limit, page);
                counted[own] = error == Errno.None;
                if (!mayBeRefused) Assert.Equal(Errno.None, error);
            });
        }

        crew.StartLoop(_ => Assert.True(Used(test, limit) <= (ulong)room, "A limit was passed."));
        crew.RunFor(s_while);

        for (int page = 0; page < All; page++) GiveUp(test, limit, page * Stride);
        for (int page = 0; page < All; page++) Assert.Equal(page < room, Take(test, limit, page * Stride) == Errno.None);
    }

    private static Errno Take(TestSpace test, Limit limit, int page) => limit switch
    {
        Limit.DataByProtect => test.TryProtect(page, 1, RW),
        Limit.MemoryLock => test.Space.TryMemoryLock(At(page), P),
        _ => test.TryMap(page, 1),
    };

    private static void GiveUp(TestSpace test, Limit limit, int page)
    {
        if (limit == Limit.DataByProtect) test.Protect(page, 1, R);
        else if (limit == Limit.MemoryLock) test.Space.MemoryUnlock(At(page), P);
        else test.Unmap(page, 1);
    }

    private static ulong Used(TestSpace test, Limit limit) => limit switch
    {
        Limit.AddressSpace => test.Space.Usage.Total,
        Limit.MemoryLock => test.Space.Usage.Locked,
        Limit.MapCount => test.Space.Usage.Areas,
        _ => test.Space.Usage.Data,
    };
}
