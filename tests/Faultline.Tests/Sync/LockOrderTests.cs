using Faultline.Locking;
using Faultline.Sync;
using Faultline.Tests.Files;
using Faultline.Tests.Stress;

namespace Faultline.Tests.Ordering;

public class LockOrderTests
{
    // First: a test that is skipped with a lock held leaves its guest waiting for it at the end.
    private static void SkipUnlessChecked() => Assert.SkipUnless(LockOrder.IsChecked, "Release builds do not check.");

    private static void AssertRefused(Action wait) =>
        Assert.StartsWith("Lock order", Assert.Throws<InvalidOperationException>(wait).Message, StringComparison.Ordinal);

    [Fact]
    public void WhenALockIsWaitedForOutOfOrderThenItIsRefusedAndTriedItIsNot()
    {
        SkipUnlessChecked();
        using var guest = new Guest();
        var gate = new SpinGate(LockRank.FramePool);
        gate.Enter();
        AssertRefused(() => guest.Space.MmapLock.EnterRead(LockUser.Query));
        Assert.True(guest.Space.MmapLock.TryEnterRead(LockUser.Query));
        guest.Space.MmapLock.ExitRead();
        gate.Exit();
        guest.Space.MmapLock.EnterRead(LockUser.Query);
        guest.Space.MmapLock.ExitRead();
    }

    [Fact]
    public void WhenAChildsLockIsHeldThenItsParentsIsNotWaitedFor()
    {
        SkipUnlessChecked();
        using var guest = new Guest();
        AddressSpace child = guest.Fork();
        guest.Space.MmapLock.EnterRead(LockUser.Query);
        child.MmapLock.EnterRead(LockUser.Query);
        guest.Space.MmapLock.ExitRead();
        AssertRefused(() => guest.Space.MmapLock.EnterWrite(LockUser.Map));
        child.MmapLock.ExitRead();
    }

    [Fact]
    public void WhenAnotherThreadGivesALockBackThenItsTakerHoldsItNoMore()
    {
        using var guest = new Guest();
        var gate = new SpinGate(LockRank.FramePool);
        gate.Enter();
        var crew = new Crew();
        crew.Start(() => gate.Exit());
        crew.Join();
        guest.Space.MmapLock.EnterRead(LockUser.Query);
        guest.Space.MmapLock.ExitRead();
    }

    /// <summary>The document's table is an order: each lock is waited for only with locks held that stand above it, or another of its own kind.</summary>
    [Fact]
    public void WhenTheDocumentIsReadThenItListsTheRanksInOrderAndHasNoCycle()
    {
        List<(LockRank Lock, LockRank[] Held)> rows = LockOrderDocument.Read();
        Assert.Equal(Enum.GetValues<LockRank>().Except([LockRank.Unranked]), rows.Select(row => row.Lock));
        Assert.All(rows, row => Assert.All(row.Held, held => Assert.True(held < row.Lock || (held == row.Lock && held is LockRank.Mmap or LockRank.Page or LockRank.UpperTable or LockRank.Pte or LockRank.AreaLeaf), $"{held} → {row.Lock}")));
    }

    /// <summary>All kinds of calls and faults at once: enough to see most of the order in a run of this class alone.</summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenCallsAndFaultsRunBesideEachOtherThenTheDocumentStatesTheOrder(FaultDesign design)
    {
        int seed = Seed.Announce();
        using var guest = new Guest(design, frames: 600);
        using var file = new TestFile(guest.Memory, 64 * Page.Size);
        var world = new StressWorld(guest, pages: 16, stride: 1);
        world.MapAll();
        var crew = new Crew();
        for (int i = 0; i < 2; i++)
        {
            var writer = new StressWorld.Writer(world, guest.NewCpu(), i, Seed.ForThread(seed, i));
            crew.StartLoop(_ => writer.Step());
        }

        MemoryAccessor cpu = guest.NewCpu();
        crew.StartLoop(round =>
        {
            int page = round % 12;
            world.MapAgain(page, 4);
            world.Protect(page, 2, Protection.Read);
            world.MoveAway(cpu, page, keep: true);
            guest.Space.Map(Guest.At(1000), 64 * Page.Size, Protection.ReadWrite, Guest.Shared, file, 0);
            for (int i = 0; i < 64; i += 5) cpu.Write(Guest.At(1000 + i), 1);
            if (guest.Space.TryFork(out AddressSpace? child) == Errno.None) child!.Dispose();
            guest.Unmap(1000, 64);
        });
        crew.RunFor(StressTime.OfOneTest);
        foreach (string line in LockOrderOfTheRun.Graph()) TestContext.Current.TestOutputHelper?.WriteLine(line);
        Assert.Empty(LockOrderOfTheRun.Unstated());
    }
}
