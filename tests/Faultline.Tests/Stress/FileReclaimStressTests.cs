using Faultline.Files;
using Faultline.Swap;

namespace Faultline.Tests.Stress;

/// <summary>Pages of files that leave and come back all the time, with a swap device and without, while two spaces write them and the files and their mappings change.</summary>
public class FileReclaimStressTests
{
    private const int Frames = 256;
    private const int SharedPages = 12;
    private const int MemoryFileAt = 0;
    private const int HostFileAt = 1000;
    private const int StreamAt = 1 << 17;
    private const int StreamPages = 4 * Frames;

    public static TheoryData<FaultDesign, bool> Cases
    {
        get
        {
            var cases = new TheoryData<FaultDesign, bool>();
            foreach (FaultDesign design in Enum.GetValues<FaultDesign>())
            {
                cases.Add(design, false);
                cases.Add(design, true);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void WhenPagesOfFilesLeaveAndComeBackBesideCallsThenNoneIsForeignStaleOrLost(FaultDesign design, bool swaps)
    {
        int seed = Seed.Announce();
        string path = Path.GetTempFileName();
        try
        {
            byte[] contents = new byte[SharedPages * Page.Size];
            using (var device = new CompressedSwapDevice(4 * Frames))
            using (var guest = new Guest(design, Frames, swaps: swaps ? [device] : []))
            using (var memoryFile = new MemoryFile(guest.Memory, length: SharedPages * Page.Size))
            using (HostFile hostFile = HostFile.Open(guest.Memory, path, access: FileAccess.ReadWrite))
            using (var stream = new GeneratedFile(guest.Memory, "/stream", new FileIdentity(1, 2, 3), StreamPages * Page.Size))
            {
                hostFile.SetLength(SharedPages * Page.Size);
                AddressSpace[] spaces = [guest.Space, guest.Fork()];
                var crew = new Crew();
                List<StressPages.Writer> writers = [];
                StressFile[] files = [new StressFile(spaces, memoryFile, SharedPages, MemoryFileAt), new StressFile(spaces, hostFile, SharedPages, HostFileAt)];
                foreach (StressFile file in files)
                {
                    file.MapAll();
                    for (int i = 0; i < spaces.Length; i++)
                    {
                        var writer = new StressPages.Writer(file, guest.NewCpu(spaces[i]), i, Seed.ForThread(seed, writers.Count));
                        writers.Add(writer);
                        crew.StartLoop(_ => writer.Step());
                    }

                    MemoryAccessor[] cpus = [guest.NewCpu(spaces[0]), guest.NewCpu(spaces[1])];
                    Random calls = Seed.ForThread(seed, 10 + file.At(0).GetHashCode());
                    crew.StartLoop(round => file.CallSomething(cpus[round % cpus.Length], calls));
                }

                guest.Space.Map(Guest.At(StreamAt), StreamPages * Page.Size, Protection.Read, Guest.Private, stream, 0);
                MemoryAccessor reader = guest.NewCpu();
                Random random = Seed.ForThread(seed, 20);
                crew.StartLoop(_ => ReadSomething(reader, stream, random));
                crew.RunFor(
                    StressTime.OfOneTest, () => writers.All(writer => writer.Accesses > 0) && guest.Memory.ReclaimStatistics.FilePagesDropped >= Frames);
                TestContext.Current.TestOutputHelper?.WriteLine(guest.Memory.ReclaimStatistics.ToString());
                Assert.InRange(guest.Memory.ReclaimStatistics.FilePagesDropped, Frames, long.MaxValue);
                Assert.All(writers, writer => Assert.True(writer.Accesses > 0, "A writer never succeeded."));
                Assert.Equal(contents.Length, hostFile.Read(0, contents));
            }

            Assert.True(contents.AsSpan().SequenceEqual(File.ReadAllBytes(path)), "The host's file is not what the mappings showed.");
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>What makes memory short: four times as much, by mappings and by calls.</summary>
    private static void ReadSomething(MemoryAccessor cpu, VmFile file, Random random)
    {
        int first = random.Next(StreamPages - 64);
        byte[] word = new byte[sizeof(ulong)];
        for (int page = first; page < first + 64; page++)
        {
            ulong expected = GeneratedFile.WordAt(file.Identity, (ulong)page, 5);
            Assert.Equal(expected, cpu.Read<ulong>(Guest.At(StreamAt + page) + 40));
            if (page % 4 != 0) continue;
            Assert.Equal(word.Length, file.Read(((ulong)page << Page.Shift) + 40, word));
            Assert.Equal(expected, BitConverter.ToUInt64(word));
        }
    }
}
