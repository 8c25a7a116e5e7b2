using Faultline.Diagnostics;
using Faultline.Faults;
using Faultline.Files;
using Faultline.Swap;

namespace Faultline.Tests.Stress;

/// <summary>
/// All of it at the same time, in two spaces: threads with regions, children and files of their own, whose contents they know exactly; pages of anonymous memory
/// and of files that all of them write while their mappings, and the files, are changed.
/// </summary>
public class EverythingStressTests
{
    private const int SharedPages = 8;

    // Neighbours on purpose: areas of different threads merge and split at the borders, and share tables.
    private const int WorldAt = 3 * ModelOwner.Pages;
    private const int MemoryFileAt = WorldAt + SharedPages;
    private const int HostFileAt = MemoryFileAt + SharedPages;

    // With swap: less than everybody wants, most of which is the ballast's; pages of files leave too. Some frames do not: tables, locked pages.
    private const int ScarceFrames = 1024;
    private const int BallastPages = 4 * ScarceFrames;
    private const int BallastAt = 1 << 17;

    public static TheoryData<FaultDesign, WriterLock, bool> Cases
    {
        get
        {
            var cases = new TheoryData<FaultDesign, WriterLock, bool>();
            foreach (FaultDesign design in Enum.GetValues<FaultDesign>())
            {
                foreach (bool swaps in new[] { false, true })
                {
                    cases.Add(design, WriterLock.MmapLock, swaps);
                    if (design != FaultDesign.AreaLock) cases.Add(design, WriterLock.RangeLock, swaps);
                }
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void WhenEverythingHappensAtOnceThenContentsAndSignalsAreAsTheModelSays(FaultDesign design, WriterLock writerLock, bool swaps)
    {
        int seed = Seed.Announce();
        string hostPath = Path.GetTempFileName();
        ModelOwner[] owners = [];
        VmFile[] files = [];

        // The first is soon full, so that both are used.
        using var compressed = new CompressedSwapDevice(BallastPages / 2);
        using var swapFile = new FileSwapDevice(Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()), 4 * BallastPages);
        try
        {
            using (var guest = new Guest(
                design, frames: swaps ? ScarceFrames : 8192, downgrade: seed % 2 == 0, writerLock: writerLock, swaps: swaps ? [compressed, swapFile] : []))
            {
                Ballast? ballast = swaps ? new Ballast(guest, BallastAt, BallastPages, Seed.ForThread(seed, 50)) : null;
                AddressSpace[] spaces = [guest.Space, guest.Fork()];
                files =
                [
                    new MemoryFile(guest.Memory, length: SharedPages * Page.Size),
                    HostFile.Open(guest.Memory, hostPath, access: FileAccess.ReadWrite),
                ];
                files[1].SetLength(SharedPages * Page.Size);
                owners = [.. Enumerable.Range(0, 3).Select(i =>
                    new ModelOwner(guest.Memory, spaces[i % 2], i * ModelOwner.Pages, Seed.ForThread(seed, i)))];
                RunAll(guest, design, spaces, owners, files, ballast, seed);

                Report(guest);
                ballast?.CheckAll();
                foreach (ModelOwner owner in owners) owner.CheckAndLetGo();
                foreach (VmFile file in files) file.Dispose();
                Assert.True(HasRaced(guest), "There was nothing to race with.");
                Assert.True(HasSwapped(guest, ballast), "Nothing came back.");
                Assert.True(WasSpeculative(guest, design), "Nothing was speculative.");
            }

            Assert.All(files, file => Assert.True(file.IsReleased, $"{file} is still held."));
            foreach (ModelOwner owner in owners) owner.CheckReleased();
        }
        finally
        {
            foreach (ModelOwner owner in owners) owner.Dispose();
            File.Delete(hostPath);
        }
    }

    private static bool HasRaced(Guest guest) => guest[FaultEvent.NewPage] > 0 && guest[FaultEvent.Copy] > 0 && guest[FaultEvent.FilePage] > 0;

    private static bool HasSwapped(Guest guest, Ballast? ballast) => ballast is null || guest[FaultEvent.SwapIn] > 0;

    private static bool WasSpeculative(Guest guest, FaultDesign design) => design == FaultDesign.Classic || guest[FaultEvent.Speculative] > 0;

    /// <summary>How often faults met what the test is about: for who wants to know whether it is worth its time.</summary>
    private static void Report(Guest guest)
    {
        SpeculationAbort[] races = [SpeculationAbort.AreaChanged, SpeculationAbort.AreaChangedUnderLock, SpeculationAbort.EntryChanged, SpeculationAbort.TableLockBusy];
        FaultEvent[] events = [FaultEvent.NewPage, FaultEvent.Copy, FaultEvent.FilePage, FaultEvent.SwapIn, FaultEvent.Restart, FaultEvent.Fallback, FaultEvent.TableLockWait];
        TestContext.Current.TestOutputHelper?.WriteLine(string.Join(", ", [.. events.Select(e => $"{e} {guest[e]}"), .. races.Select(r => $"{r} {guest[r]}")]));
        TestContext.Current.TestOutputHelper?.WriteLine(guest.Memory.ReclaimStatistics.ToString());
    }

    private static void RunAll(Guest guest, FaultDesign design, AddressSpace[] spaces, ModelOwner[] owners, VmFile[] files, Ballast? ballast, int seed)
    {
        MemoryAccessor caller = guest.NewCpu();
        var world = new StressWorld(guest, SharedPages, first: WorldAt, soleCaller: caller);
        StressFile[] shared = [.. files.Select((file, i) => new StressFile(spaces, file, SharedPages, i == 0 ? MemoryFileAt : HostFileAt))];
        world.MapAll();
        foreach (StressFile file in shared) file.MapAll();

        ballast?.Fill();
        var crew = new Crew();
        if (ballast is not null) crew.StartLoop(_ => ballast.Step());
        foreach (ModelOwner owner in owners) crew.StartLoop(_ => owner.Step());
        var writers = new List<StressPages.Writer>();
        for (int i = 0; i < spaces.Length; i++)
        {
            MemoryAccessor cpu = guest.NewCpu(spaces[i]);
            Random random = Seed.ForThread(seed, 10 + i);
            List<StressPages.Writer> mine = [.. shared.Select(file => new StressPages.Writer(file, cpu, i, random))];
            if (i == 0) mine.Add(new StressPages.Writer(world, cpu, i, random));
            writers.AddRange(mine);
            crew.StartLoop(round => mine[round % mine.Count].Step());
        }

        MemoryAccessor second = guest.NewCpu();
        var secondWriter = new StressPages.Writer(world, second, 1, Seed.ForThread(seed, 20));
        writers.Add(secondWriter);
        crew.StartLoop(_ => secondWriter.Step());

        // One thread for the calls on each: so it knows what they left.
        foreach (StressFile file in shared)
        {
            MemoryAccessor[] cpus = [guest.NewCpu(spaces[0]), guest.NewCpu(spaces[1])];
            Random random = Seed.ForThread(seed, 30 + file.At(0).GetHashCode());
            crew.StartLoop(round => file.CallSomething(cpus[round % cpus.Length], random));
        }

        Random calls = Seed.ForThread(seed, 40);
        crew.StartLoop(round =>
        {
            world.CallSomething(caller, calls);
            if (round % 8 == 0) world.ForkAndCheck(calls);
        });
        crew.RunFor(
            StressTime.OfOneTest, () => writers.All(writer => writer.Accesses > 0) && HasRaced(guest) && HasSwapped(guest, ballast) && WasSpeculative(guest, design));
        Assert.All(writers, writer => Assert.True(writer.Accesses > 0, "A writer never succeeded."));
    }
}
