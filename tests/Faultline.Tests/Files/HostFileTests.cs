using System.IO.Pipes;
using Faultline.Files;

namespace Faultline.Tests.Files;

public sealed class HostFileTests : IDisposable
{
    private const ulong P = Page.Size;

    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Theory]
    [ClassData(typeof(Designs))]
    public void ContentsComeFromTheHost(FaultDesign design)
    {
        byte[] contents = [.. Enumerable.Range(0, 300_000).Select(i => (byte)(i >> 5))];
        File.WriteAllBytes(_path, contents);
        using var guest = new Guest(design);
        using var file = HostFile.Open(guest.Memory, _path);
        Assert.Equal((300_000UL, _path, FileAccess.Read), (file.Length, file.Name, file.Access));
        guest.Space.Map(Guest.At(0), 75 * P, Protection.Read, Guest.Private, file, 0);
        byte[] seen = new byte[74 * (int)P];
        guest.Cpu.CopyTo(Guest.At(0), seen);
        Assert.Equal(contents, seen[..contents.Length]);
        Assert.False(seen.AsSpan(contents.Length).ContainsAnyExcept((byte)0));
        Assert.Equal(FaultSignal.BusError, Guest.SignalOf(() => guest.Cpu.Read<byte>(Guest.At(0) + (74 * P))));
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void ChangesReachTheHostWhenSyncedAndWhenTheLastHolderGoes(FaultDesign design)
    {
        File.WriteAllBytes(_path, new byte[10_000]);
        using var guest = new Guest(design);
        using (var file = HostFile.Open(guest.Memory, _path, access: FileAccess.ReadWrite))
            guest.Space.Map(Guest.At(0), 3 * P, Protection.ReadWrite, Guest.Shared, file, 0);
        guest.Cpu.Write(Guest.At(1), (byte)1);
        guest.Space.MemorySync(Guest.At(0), 3 * P);
        Assert.Equal((1, 0), (Stored(P), Stored(9_999)));
        guest.Cpu.Write(Guest.At(0) + 9_999, (byte)2);
        Assert.Equal(0, Stored(9_999));
        guest.Unmap(0, 3);
        Assert.Equal((2, 10_000L), (Stored(9_999), new FileInfo(_path).Length));
    }

    [Fact]
    public void ItsLengthChangesTheHosts()
    {
        using var guest = new Guest();
        using var file = HostFile.Open(guest.Memory, _path, FileMode.Create, FileAccess.ReadWrite);
        file.Write(P - 2, [1, 2, 3, 4]);
        Assert.Equal((P + 2, (long)P + 2), (file.Length, new FileInfo(_path).Length));
        file.SetLength(P - 1);
        file.Flush();
        Assert.Equal((1, (long)P - 1), (Stored(P - 2), new FileInfo(_path).Length));
    }

    [Fact]
    public void TheHandleIsClosedWithTheLastReference()
    {
        using var guest = new Guest();
        var handle = File.OpenHandle(_path, FileMode.Open, FileAccess.ReadWrite);
        RandomAccess.Write(handle, new byte[P], 0);
        var file = new HostFile(guest.Memory, handle, "/named", FileAccess.Read, new FileIdentity(8, 1, 99));
        guest.Space.Map(Guest.At(0), P, Protection.Read, Guest.Private, file, 0);
        file.Dispose();
        Assert.False(handle.IsClosed);
        Assert.Contains("08:01 99", guest.Space.Maps(), StringComparison.Ordinal);
        guest.Unmap(0, 1);
        Assert.True(handle.IsClosed);
    }

    [Fact]
    public void WhenTheHostRefusesThenTheExceptionIsADocumentedOne()
    {
        using var guest = new Guest();
        string folder = Path.GetTempPath();
        Assert.ThrowsAny<UnauthorizedAccessException>(() => HostFile.Open(guest.Memory, folder));
        Assert.Throws<FileNotFoundException>(() => HostFile.Open(guest.Memory, Path.Combine(folder, Path.GetRandomFileName())));
        Assert.Throws<DirectoryNotFoundException>(() => HostFile.Open(guest.Memory, Path.Combine(folder, Path.GetRandomFileName(), "x")));
        Assert.Throws<IOException>(() => HostFile.Open(guest.Memory, _path, FileMode.CreateNew, FileAccess.ReadWrite));
        Assert.Throws<ArgumentException>(() => HostFile.Open(guest.Memory, ""));
        Assert.Throws<ArgumentException>(() => HostFile.Open(guest.Memory, _path, FileMode.Create));
        using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        using var reader = pipe.ClientSafePipeHandle;
        Assert.Throws<NotSupportedException>(() => HostFile.Open(guest.Memory, $"/proc/self/fd/{reader.DangerousGetHandle()}"));
    }

    private int Stored(ulong offset)
    {
        using FileStream stream = new(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        stream.Position = (long)offset;
        return stream.ReadByte();
    }
}
