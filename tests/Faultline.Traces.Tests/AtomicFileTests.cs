namespace Faultline.Traces.Tests;

public sealed class AtomicFileTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("faultline-test-");

    private string Target => Path.Combine(_folder.FullName, "out");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void WhenWritingSucceedsThenTheFileReplacesTheOldOne()
    {
        File.WriteAllText(Target, "old");
        Assert.Equal(5, AtomicFile.Write(Target, stream =>
        {
            stream.Write("new"u8);
            Assert.Equal("old", File.ReadAllText(Target));
            return 5;
        }));
        Assert.Equal("new", File.ReadAllText(Target));
        Assert.Single(_folder.EnumerateFileSystemInfos());
    }

    [Fact]
    public void WhenWritingFailsThenTheOldFileStaysAndNothingIsLeft()
    {
        File.WriteAllText(Target, "old");
        Assert.Throws<InvalidOperationException>(() => AtomicFile.Write<int>(Target, stream =>
        {
            stream.Write("half"u8);
            throw new InvalidOperationException();
        }));
        Assert.Equal("old", File.ReadAllText(Target));
        Assert.Single(_folder.EnumerateFileSystemInfos());
    }

    [Fact]
    public void WhenTheTargetIsAFolderThenThatIsTheMessage() =>
        Assert.Contains("is a folder", Assert.Throws<OutputException>(() => AtomicFile.Write(_folder.FullName, _ => 0)).Message);

    [Theory]
    [InlineData("/dev/null")]
    [InlineData("/dev/stdout")]
    [InlineData("/proc/self/fd/1")]
    public void WhenTheTargetIsADeviceThenItIsNotReplacedByAFile(string device) =>
        Assert.Contains("is a device", Assert.Throws<OutputException>(() => AtomicFile.Write<int>(device, _ => throw new InvalidOperationException())).Message);

    [Fact]
    public void WhenTheTargetIsALinkThenItStaysOneAndItsFileIsReplaced()
    {
        var link = Path.Combine(_folder.FullName, "link");
        File.WriteAllText(Target, "old");
        File.CreateSymbolicLink(link, Target);
        AtomicFile.Write(link, stream =>
        {
            stream.Write("new"u8);
            return 0;
        });
        Assert.Equal((Target, "new"), (new FileInfo(link).LinkTarget, File.ReadAllText(Target)));
    }

    [Fact]
    public void WhenTheNameIsEmptyThenThatIsTheMessage() =>
        Assert.Contains("is empty", Assert.Throws<OutputException>(() => AtomicFile.Write("", _ => 0)).Message);

    [Fact]
    public void WhenTheUserMayNotReplaceTheFileThenItIsAnOutputProblemAndNothingIsLeft()
    {
        Assert.Contains("cannot write", Assert.Throws<OutputException>(() => AtomicFile.Write<int>(Target, _ => throw new UnauthorizedAccessException("denied"))).Message);
        Assert.Empty(_folder.EnumerateFileSystemInfos());
    }

    [Fact]
    public void WhenTheDeviceIsFullThenItIsAnOutputProblemOfTheNamedFile()
    {
        var message = Assert.Throws<OutputException>(() => AtomicFile.Write<int>(Target, stream =>
            throw new IOException($"No space left on device : '{((FileStream)stream).Name}'"))).Message;
        Assert.Equal($"cannot write {Target}: No space left on device : '{Target}'", message);
    }
}
