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

    [Fact]
    public void WhenTheDeviceIsFullThenItIsAnOutputProblem() =>
        Assert.Contains("No space", Assert.Throws<OutputException>(() => AtomicFile.Write<int>(Target, _ => throw new IOException("No space left"))).Message);
}
