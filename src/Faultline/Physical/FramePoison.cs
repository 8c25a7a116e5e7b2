using Faultline.Sync;

namespace Faultline.Physical;

/// <summary>
/// Finds writes into freed frames, frames freed twice and frames handed out twice: for debug builds and stress tests.
/// </summary>
internal sealed unsafe class FramePoison(PhysicalMemory memory, uint end)
{
    /// <summary>
    /// The byte that fills freed frames. As an address it is not canonical; as a page-table entry it is present, with reserved bits set.
    /// </summary>
    public const byte Pattern = 0xDB;

    private const uint NeverUsed = 0, Freed = 1, Taken = 2;

    // One word per frame. The allocator's gate or the magazine's claim orders one user's changes before the next one's;
    // the atomic operations are there to catch those who have no right to the frame.
    private readonly Word32[] _states = new Word32[end];

    /// <summary>A frame is handed out.</summary>
    public void OnTaken(uint pfn)
    {
        uint before = _states[pfn].Exchange(Taken);
        if (before == Taken) throw new InvalidOperationException($"Frame {pfn} was handed out twice.");
        if (before == NeverUsed) return;
        int offset = FrameContents.IndexOfOther(memory.Address(pfn), Pattern);
        if (offset >= 0)
        {
            throw new InvalidOperationException(
                $"Frame {pfn} was written at offset 0x{offset:x} after it was freed: 0x{memory.Contents(pfn)[offset]:x2}.");
        }
    }

    /// <summary>A frame comes back.</summary>
    public void OnFreed(uint pfn)
    {
        if (_states[pfn].CompareExchange(Freed, Taken) != Taken) throw new InvalidOperationException($"Frame {pfn} was freed twice.");
        memory.Contents(pfn).Fill(Pattern);
    }
}
