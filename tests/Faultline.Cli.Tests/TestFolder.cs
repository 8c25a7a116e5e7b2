namespace Faultline.Cli.Tests;

/// <summary>A folder that is removed after the test, and the shipped recordings.</summary>
internal sealed class TestFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("faultline-test-");

    /// <summary>Names of what is in it.</summary>
    public IEnumerable<string> Names => _folder.EnumerateFileSystemInfos().Select(i => i.Name);

    /// <summary>A path in it.</summary>
    public string this[string name] => Path.Combine(_folder.FullName, name);

    /// <summary>A shipped recording.</summary>
    public static string Sample(string name)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Faultline.slnx"))) folder = folder.Parent!;
        return Path.Combine(folder.FullName, "samples", "traces", name);
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
