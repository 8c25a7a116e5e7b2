using System.Security.Cryptography;
using Faultline.Files;
using Faultline.Physical;
using Faultline.Traces.Replay;

namespace Faultline.Traces.Tests.Replay;

public sealed class ContentsFileTests : IDisposable
{
    private static readonly FileIdentity s_identity = new(8, 1, 7);

    private readonly PhysicalMemory _memory = new(new PhysicalMemoryOptions { CapacityInFrames = 64 });
    private readonly string _path = Path.GetTempFileName();

    [Fact]
    public void WhenTheHostHasTheFileThenItsContentsAreMappedAndZerosFollow()
    {
        byte[] contents = RandomNumberGenerator.GetBytes(10_000);
        File.WriteAllBytes(_path, contents);
        using ContentsFile file = ContentsFile.TryOpen(_memory, _path, s_identity)!;
        var read = new byte[20_000];
        Assert.Equal(read.Length, file.Read(0, read));
        Assert.Equal(contents, read[..contents.Length]);
        Assert.All(read[contents.Length..], value => Assert.Equal(0, value));
        Assert.Equal((_path, s_identity, null), (file.Name, file.Identity, file.Length));
    }

    [Fact]
    public void WhenASharedPageIsWrittenThenTheHostsFileStaysAsItWas()
    {
        byte[] contents = RandomNumberGenerator.GetBytes(4096);
        File.WriteAllBytes(_path, contents);
        using (ContentsFile file = ContentsFile.TryOpen(_memory, _path, s_identity)!)
        using (var space = new AddressSpace(_memory))
        {
            ulong start = space.Map(0, 4096, Protection.ReadWrite, MapFlags.Shared, file, 0);
            using (MemoryAccessor accessor = space.CreateAccessor())
            {
                Assert.Equal(contents[5], accessor.Read<byte>(start + 5));
                accessor.Write(start + 5, (byte)~contents[5]);
            }

            space.Unmap(start, 4096);
        }

        Assert.Equal(contents, File.ReadAllBytes(_path));
    }

    [Theory]
    [InlineData("no-such-file")]
    [InlineData("/no/such/file")]
    [InlineData("/")]
    [InlineData("/dev/zero")]
    [InlineData("[vdso]")]
    [InlineData("/a\0b")]
    public void WhenTheHostHasNoSuchFileThenThereIsNone(string path) => Assert.Null(ContentsFile.TryOpen(_memory, path, s_identity));

    public void Dispose()
    {
        Assert.Equal(_memory.CapacityInFrames, _memory.FreeFrames);
        _memory.Dispose();
        File.Delete(_path);
    }
}
