using Faultline.Physical;

namespace Faultline.Files;

/// <summary>
/// The memory of a device, such as a frame buffer: raw frames that no count is kept of, mapped as they are (Linux <c>remap_pfn_range()</c>, <c>vm_insert_mixed()</c>).
/// </summary>
/// <remarks>
/// <code>
///   page   0 .. frames - 1            frames .. frames + ordinaryPages - 1
///        +--------------------------+---------------------------------------+
///        | frames of the device     | ordinary memory, cached as a file's   |
///        +--------------------------+---------------------------------------+
/// </code>
/// Without ordinary pages a map of the device is a pure-frame map (<c>VM_PFNMAP</c>), else a mixed one (<c>VM_MIXEDMAP</c>). A private map copies what is written.
/// See docs/special-mappings.md.
/// </remarks>
public sealed class DeviceMemory : VmFile
{
    private readonly uint _first;
    private readonly int _frames;

    /// <summary>Takes the device's frames out of the arena, until the last map and the creator have let go of it.</summary>
    /// <param name="memory">Whose frames the device has.</param>
    /// <param name="name">The path, as <c>maps</c> prints it.</param>
    /// <param name="identity">Device and inode, as <c>maps</c> prints them.</param>
    /// <param name="frames">Frames of the device, zeroed, adjacent in the arena.</param>
    /// <param name="ordinaryPages">Pages of ordinary memory behind them, at first zero.</param>
    /// <exception cref="InsufficientMemoryException">The arena has not so many adjacent frames left that were never used.</exception>
    public DeviceMemory(PhysicalMemory memory, string name, FileIdentity identity, int frames, int ordinaryPages = 0)
        : base(memory, name, identity, (ulong)(frames + ordinaryPages) << Page.Shift)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(frames);
        ArgumentOutOfRangeException.ThrowIfNegative(ordinaryPages);
        _first = memory.Frames.TryAllocateRun(frames);
        if (_first == PhysicalMemory.NoFrame)
            throw new InsufficientMemoryException($"The arena has no {frames} adjacent frames left that were never used. Create devices first.");
        _frames = frames;
        IsMixed = ordinaryPages != 0;
        for (uint pfn = _first; pfn < _first + frames; pfn++)
        {
            memory.Zero(pfn);

            // The one reference is the device's: whoever takes a raw frame for an ordinary page drops it, and frees what is not theirs.
            memory.Info(pfn) = new FrameInfo { State = FrameState.Reserved | FrameState.UpToDate, Refs = 1 };
        }
    }

    /// <inheritdoc/>
    public override bool SupportsSpeculation => true;

    /// <summary>Some pages are raw frames, others ordinary memory.</summary>
    internal bool IsMixed { get; }

    /// <summary>Copies bytes out of the device's frames, as the device would send them.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range leaves the device's frames.</exception>
    public void CopyTo(ulong offset, Span<byte> destination)
    {
        CheckRange(offset, destination.Length);
        while (!destination.IsEmpty)
        {
            Span<byte> source = Rest(offset);
            int count = Math.Min(source.Length, destination.Length);
            source[..count].CopyTo(destination);
            destination = destination[count..];
            offset += (ulong)count;
        }
    }

    /// <summary>Copies bytes into the device's frames, as the device would receive them: beside accesses, without order.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range leaves the device's frames.</exception>
    public void CopyFrom(ReadOnlySpan<byte> source, ulong offset)
    {
        CheckRange(offset, source.Length);
        while (!source.IsEmpty)
        {
            Span<byte> destination = Rest(offset);
            int count = Math.Min(source.Length, destination.Length);
            source[..count].CopyTo(destination);
            source = source[count..];
            offset += (ulong)count;
        }
    }

    /// <summary>The raw frame of a page; false for a page of ordinary memory, or beyond the end.</summary>
    internal bool TryGetRaw(ulong index, out uint pfn)
    {
        bool isRaw = index < (ulong)_frames;
        pfn = isRaw ? FrameOf(index) : PhysicalMemory.NoFrame;
        return isRaw;
    }

    /// <summary>The raw frame that a linear map of the device has at a page, whether or not the device reaches so far.</summary>
    internal uint FrameOf(ulong index) => (uint)(_first + index);

    /// <summary>The frame is one of the device's.</summary>
    internal bool Owns(uint pfn) => pfn - _first < (uint)_frames;

    /// <inheritdoc/>
    protected override void ReadPage(ulong pageIndex, Span<byte> destination) => destination.Clear();

    /// <inheritdoc/>
    protected override void OnReleased()
    {
        uint[] frames = new uint[_frames];
        for (int i = 0; i < frames.Length; i++)
        {
            frames[i] = _first + (uint)i;
            bool last = Memory.DropReference(frames[i]);
            System.Diagnostics.Debug.Assert(last, "Nobody counts a raw frame.");
        }

        Memory.Frames.Free(frames);
    }

    private Span<byte> Rest(ulong offset) => Memory.Contents(FrameOf(offset >> Page.Shift))[(int)(offset & Page.OffsetMask)..];

    private void CheckRange(ulong offset, int length)
    {
        ObjectDisposedException.ThrowIf(IsReleased, this);
        ulong end = (ulong)_frames << Page.Shift;
        if (offset > end || (ulong)length > end - offset) throw new ArgumentOutOfRangeException(nameof(offset), "The range leaves the device's frames.");
    }
}
