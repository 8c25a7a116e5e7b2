namespace Faultline.Traces.Tests;

/// <summary>The recordings that the repository ships, and the shared texts beside it where a checkout has them.</summary>
internal static class Samples
{
    public static string Folder { get; } = Path.Combine(Root(), "samples", "traces");

    public static string Named(string name) => Path.Combine(Folder, name);

    /// <summary>A text of the folder ../shared/traces, null where it is absent.</summary>
    public static string? Shared(string name) =>
        Path.Combine(Root(), "..", "shared", "traces", name) is var path && File.Exists(path) ? path : null;

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Faultline.slnx"))) folder = folder.Parent!;
        return folder.FullName;
    }
}
