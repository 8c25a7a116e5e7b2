using Faultline.Sync;

namespace Faultline.Physical;

/// <summary>Which <see cref="MemoryGroup"/> each frame is charged to. Exists once a group does: without one, frames come and go for nothing.</summary>
internal sealed unsafe class FrameCharges : IDisposable
{
    private readonly PhysicalMemory _memory;
    private readonly NativeBlock _block;

    // Numbers of groups, 0 for none. Written and read by whoever has the frame: the allocator when it hands it out and when it takes it back.
    private readonly uint* _groups;

    public FrameCharges(PhysicalMemory memory, uint end)
    {
        _memory = memory;
        _block = new NativeBlock((nuint)end * sizeof(uint), NativeBlock.CacheLine);
        _groups = (uint*)_block.Start;
    }

    /// <summary>The number of the frame's group, or 0.</summary>
    public uint Of(uint pfn) => Native.LoadRelaxed(ref _groups[pfn]);

    /// <summary>Frames that were charged to a group now have it.</summary>
    public void Mark(ReadOnlySpan<uint> frames, uint group)
    {
        foreach (uint pfn in frames) Native.StoreRelaxed(ref _groups[pfn], group);
    }

    /// <summary>Frames leave their groups; runs of one group are one atomic operation.</summary>
    public void Discharge(ReadOnlySpan<uint> frames)
    {
        for (int start = 0, end; start < frames.Length; start = end)
        {
            uint group = Of(frames[start]);
            for (end = start; end < frames.Length && Of(frames[end]) == group; end++) Native.StoreRelaxed(ref _groups[frames[end]], 0);

            // A group that has been disposed of wants nothing back.
            if (group != 0 && _memory.Owners.TryGet(group, out object? owner)) ((MemoryGroup)owner).Uncharge(end - start);
        }
    }

    public void Dispose() => _block.Dispose();
}
