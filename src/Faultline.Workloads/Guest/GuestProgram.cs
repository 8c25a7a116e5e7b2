using Faultline.Files;
using Faultline.Physical;

namespace Faultline.Workloads;

/// <summary>A program in an address space of the engine.</summary>
public sealed class GuestProgram : IProgram<GuestThread>
{
    // Where Linux without address randomisation would put the heap of a small executable.
    private const ulong HeapStart = 0x5555_5557_b000;

    // Any device number: the files are known by their inodes.
    private const uint Device = 8;

    private readonly PhysicalMemory _memory;
    private readonly bool _speculativeFiles;
    private readonly List<PatternFile> _files = [];

    /// <summary>A new, empty program.</summary>
    /// <param name="memory">Where its pages lie; may be shared with other programs, so that all meet the same frames.</param>
    /// <param name="design">How its faults are served.</param>
    /// <param name="shortcut">The single-thread short-cut of v12 is on.</param>
    /// <param name="speculativeFiles">Its files opt in to speculation (<see cref="VmFile.SupportsSpeculation"/>).</param>
    public GuestProgram(PhysicalMemory memory, FaultDesign design, bool shortcut = false, bool speculativeFiles = true)
    {
        _memory = memory;
        _speculativeFiles = speculativeFiles;

        // Of what they map without touching it, the programs need no frames.
        Space = new AddressSpace(memory, new AddressSpaceOptions { Design = design, SingleThreadShortcut = shortcut, CommitLimit = ulong.MaxValue });
        Space.Reset(HeapStart);
    }

    /// <summary>Its address space.</summary>
    public AddressSpace Space { get; }

    /// <inheritdoc/>
    public GuestThread CreateThread() => new(this);

    /// <inheritdoc/>
    public int CreateFile(int pages)
    {
        var identity = new FileIdentity(Device, 0, (ulong)_files.Count + 1);
        _files.Add(new PatternFile(_memory, $"/tmp/workload.{_files.Count}", identity, (ulong)pages * Pages.Size, _speculativeFiles));
        return _files.Count - 1;
    }

    internal VmFile File(int number) => _files[number];

    /// <inheritdoc/>
    public void Dispose()
    {
        Space.Dispose();
        foreach (var file in _files) file.Dispose();
    }
}
