using System.Runtime.InteropServices;
using Faultline.Workloads;
using Microsoft.Win32.SafeHandles;

namespace Faultline.Cli.Bench.Host;

/// <summary>This process itself, as the program of a workload: real mappings and real faults, beside those of the runtime.</summary>
/// <remarks>Pages are of 4 KiB, as the engine's: a host that serves 512 of them with one fault would not run the same loop.</remarks>
internal sealed class HostProgram : IProgram<HostThread>
{
    private readonly List<SafeFileHandle> _files = [];

    public HostProgram() => HostMemory.AllowLargePages(false);

    public HostThread CreateThread() => new(this);

    /// <summary>On tmpfs: the engine's files are in memory too.</summary>
    public int CreateFile(int pages)
    {
        var file = HostMemory.CreateMemoryFile("workload");
        _files.Add(file);
        ulong[] words = new ulong[Page.Size / sizeof(ulong)];
        for (int page = 0; page < pages; page++)
        {
            FilePattern.Fill((ulong)page, words);
            RandomAccess.Write(file, MemoryMarshal.AsBytes(words.AsSpan()), (long)page * Page.Size);
        }

        return _files.Count - 1;
    }

    public SafeFileHandle File(int number) => _files[number];

    public void Dispose()
    {
        foreach (var file in _files) file.Dispose();
        HostMemory.AllowLargePages(true);
    }
}
