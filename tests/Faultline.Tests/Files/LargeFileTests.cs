using Faultline.Files;

namespace Faultline.Tests.Files;

/// <summary>Files that are larger than the memory, in which only their own pages can make room.</summary>
public class LargeFileTests
{
    private const ulong P = Page.Size;

    /// <summary>By mappings and by calls, with nothing else to take frames from.</summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenAFileIsFourTimesTheMemoryThenAllOfItCanBeRead(FaultDesign design)
    {
        const int Frames = 512, Many = 4 * Frames;
        using var guest = new Guest(design, Frames);
        using var file = new GeneratedFile(guest.Memory, "/generated", new FileIdentity(1, 2, 3), Many * P);
        guest.Space.Map(Guest.At(0), Many * P, Protection.Read, Guest.Shared, file, 0);
        byte[] contents = new byte[P];
        for (int round = 0; round < 2; round++)
        {
            for (int page = 0; page < Many; page++) Assert.Equal(GeneratedFile.WordAt(file.Identity, (ulong)page, 3), guest.Cpu.Read<ulong>(Guest.At(page) + 24));
            for (ulong page = 0; page < Many; page++)
            {
                Assert.Equal(Page.Size, file.Read(page * P, contents));
                Assert.Equal(GeneratedFile.WordAt(file.Identity, page, 511), BitConverter.ToUInt64(contents, Page.Size - 8));
            }
        }

        Assert.InRange(guest.Memory.ReclaimStatistics.FilePagesDropped, 3 * Many, long.MaxValue);
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenAHostsFileIsFourTimesTheMemoryThenSeveralThreadsCanWriteAllOfIt(FaultDesign design)
    {
        const int Frames = 512, Threads = 2, PagesEach = 2 * Frames;
        string path = Path.GetTempFileName();
        try
        {
            using (var guest = new Guest(design, Frames))
            using (HostFile file = HostFile.Open(guest.Memory, path, access: FileAccess.ReadWrite))
            {
                file.SetLength(Threads * PagesEach * P);
                guest.Space.Map(Guest.At(0), Threads * PagesEach * P, Protection.ReadWrite, Guest.Shared, file, 0);
                WordRounds.Run(guest, Threads, PagesEach);
                Assert.InRange(guest.Memory.ReclaimStatistics.FilePagesWritten, 2 * Threads * PagesEach, long.MaxValue);
            }

            byte[] written = File.ReadAllBytes(path);
            for (int page = 0; page < Threads * PagesEach; page++) Assert.Equal(WordRounds.Last(page), BitConverter.ToUInt64(written, (int)WordRounds.Place((ulong)page * P)));
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Private pages, which cannot leave, and a file's, which can, in one memory.</summary>
    [Fact]
    public void WhenPrivatePagesNeedTheFramesOfAFilesPagesThenTheyGetThem()
    {
        const int Frames = 512;
        using var guest = new Guest(frames: Frames);
        using var file = new TestFile(guest.Memory, Frames * P);
        byte[] contents = new byte[Frames * P];
        file.Read(0, contents);
        guest.Map(0, Frames - 100);
        guest.Touch(0, Frames - 100);
        for (int page = 0; page < Frames - 100; page++) Assert.Equal(Guest.WordOf(page), guest.Cpu.Read<ulong>(Guest.At(page)));
    }
}
