using System.Runtime.InteropServices;
using Faultline.Files;
using Faultline.Physical;

namespace Faultline.Workloads;

/// <summary>A program in an address space of the engine.</summary>
public sealed class GuestProgram : IProgram<GuestThread>
{
    // Where Linux without address randomisation would put the heap of a small executable.
    private const ulong HeapStart = 0x5555_5557_b000;

    private readonly PhysicalMemory _memory;
    private readonly bool _speculativeFiles;
    private readonly GuestProgram? _filesOf;
    private readonly List<VmFile> _files = [];

    /// <summary>A new, empty program.</summary>
    /// <param name="memory">Where its pages lie; may be shared with other programs, so that all meet the same frames.</param>
    /// <param name="design">How its faults are served.</param>
    /// <param name="writers">What excludes its calls from each other.</param>
    /// <param name="shortcut">The single-thread short-cut of v12 is on.</param>
    /// <param name="speculativeFiles">Its files opt in to speculation (<see cref="VmFile.SupportsSpeculation"/>).</param>
    /// <param name="filesOf">
    /// The files are those that this program created, in the same order. Two programs that are compared then read the same cached pages: where in memory a file happens to lie
    /// changes the cost of a copy by more than the designs do.
    /// </param>
    public GuestProgram(
        PhysicalMemory memory,
        FaultDesign design,
        WriterLock writers = WriterLock.MmapLock,
        bool shortcut = false,
        bool speculativeFiles = true,
        GuestProgram? filesOf = null)
    {
        _memory = memory;
        _speculativeFiles = speculativeFiles;
        _filesOf = filesOf;

        // Of what they map without touching it, the programs need no frames.
        Space = new AddressSpace(memory, new AddressSpaceOptions
        {
            Design = design,
            WriterLock = writers,
            SingleThreadShortcut = shortcut,
            CommitLimit = ulong.MaxValue,
        });
        Space.Reset(HeapStart);
    }

    /// <summary>Its address space.</summary>
    public AddressSpace Space { get; }

    /// <inheritdoc/>
    public GuestThread CreateThread() => new(this);

    /// <inheritdoc/>
    public int CreateFile(int pages)
    {
        _files.Add(_filesOf is not null ? _filesOf._files[_files.Count] : CreateFileOfItsOwn(pages));
        return _files.Count - 1;
    }

    private VmFile CreateFileOfItsOwn(int pages) =>
        _speculativeFiles ? CreateMemoryFile(pages) : new ReluctantFile(_memory, (ulong)_files.Count + 1, (ulong)pages * Pages.Size);

    internal VmFile File(int number) => _files[number];

    private MemoryFile CreateMemoryFile(int pages)
    {
        var file = new MemoryFile(_memory);
        Span<ulong> words = new ulong[Pages.Size / sizeof(ulong)];
        for (int page = 0; page < pages; page++)
        {
            FilePattern.Fill((ulong)page, words);
            file.Write((ulong)page * Pages.Size, MemoryMarshal.AsBytes(words));
        }

        return file;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Space.Dispose();
        if (_filesOf is not null) return;
        foreach (var file in _files) file.Dispose();
    }
}
