using System.Runtime.InteropServices;
using Faultline.Cli.Bench.Host;
using Faultline.Files;
using Faultline.Physical;
using Faultline.Workloads;

namespace Faultline.Cli.Bench.Benchmarks;

/// <summary>A file of the host that is read past the host's cache.</summary>
internal sealed class DirectFile : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"faultline-bench-{Environment.ProcessId}");

    public DirectFile(int pages)
    {
        using var stream = File.Create(_path);
        ulong[] words = new ulong[Page.Size / sizeof(ulong)];
        for (int page = 0; page < pages; page++)
        {
            FilePattern.Fill((ulong)page, words);
            stream.Write(MemoryMarshal.AsBytes(words.AsSpan()));
        }

        stream.Flush(flushToDisk: true);
    }

    /// <summary>With an empty cache of the engine.</summary>
    public HostFile Open(PhysicalMemory memory) =>
        new(memory, HostMemory.OpenDirect(_path), _path, FileAccess.Read, readAhead: 1);

    public void Dispose() => File.Delete(_path);
}
