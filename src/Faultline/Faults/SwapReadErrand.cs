using Faultline.Files;
using Faultline.Locking;
using Faultline.Physical;
using Faultline.Swap;

namespace Faultline.Faults;

/// <summary>Reads a page from a swap device that may never answer. The slot's hold and the frame are the fault's, or, if it was killed, the errand's.</summary>
internal sealed class SwapReadErrand(PhysicalMemory memory, SwapEntry slot, uint frame) : Errand
{
    public FileResult Result { get; private set; } = FileResult.ReadFailed;

    protected override void Work()
    {
        try
        {
            memory.Swap.Read(slot, frame);
            Result = FileResult.Ok;
        }
        catch (IOException)
        {
            Result = FileResult.ReadFailed;
        }
    }

    protected override void GiveBack()
    {
        // The slot first: with the last frame the memory may be disposed of, and then the device, and the number of the slot, serve another.
        memory.Swap.DropHolder(slot);
        memory.Frames.Free(frame);
    }
}
