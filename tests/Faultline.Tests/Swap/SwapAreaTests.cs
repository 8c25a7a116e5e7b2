using Faultline.Physical;
using Faultline.Swap;

namespace Faultline.Tests.Swap;

public class SwapAreaTests
{
    /// <summary>A page's frame and slot, from the first entry taken away to the last holder gone, in random order beside a count.</summary>
    [Fact]
    public void WhenEntriesAndReadersComeAndGoThenTheSlotIsFreeExactlyWhenNobodyIsLeft()
    {
        Random random = Seed.ForThread(Seed.Announce(), 0);
        using var device = new TestSwapDevice(4);
        var memory = new PhysicalMemory(new PhysicalMemoryOptions { CapacityInFrames = 16, SwapDevices = [device] });
        SwapSpace swap = memory.Swap;
        for (int round = 0; round < 500; round++)
        {
            (uint pfn, SwapEntry entry) = Cache(memory);
            int holders = 1;
            bool cached = true;
            while (holders > 0 || cached)
            {
                switch (random.Next(4))
                {
                    case 0 when holders > 0:
                        Assert.True(swap.TryHold(entry));
                        holders++;
                        break;
                    case 1 when cached:
                        // The page's lock is ours from the beginning on.
                        if (random.Next(2) == 0)
                        {
                            swap.Forget(entry, pfn);
                            memory.Info(pfn).UnlockPage();
                            memory.Release(pfn);
                        }
                        else
                        {
                            swap.Unlock(entry, pfn);
                            cached = holders > 0;
                            if (!cached) break;
                            Assert.True(memory.Info(pfn).TryLockPage());
                            continue;
                        }

                        cached = false;
                        memory.Release(pfn);
                        break;
                    case 2 when holders > 0:
                        Assert.Equal((uint)holders, swap.Holders(entry));
                        swap.DropHolder(entry);
                        holders--;
                        break;
                    default:
                        Assert.Equal(holders > 0 || cached ? 3 : 4, swap.FreeSlots);
                        break;
                }

                if (!cached && holders == 0) break;
            }

            if (memory.Info(pfn).Refs != 0) memory.Release(pfn);
            Assert.Equal(4, swap.FreeSlots);
            Assert.False(swap.TryHold(entry));
            Frames.AssertAllHome(memory);
        }

        memory.Dispose();
    }

    /// <summary>A frame in the swap cache under one entry, locked, with a reference of the caller's.</summary>
    private static (uint Pfn, SwapEntry Entry) Cache(PhysicalMemory memory)
    {
        uint pfn = memory.Frames.TryAllocate();
        memory.Info(pfn).State = FrameState.Anonymous | FrameState.UpToDate;
        memory.Info(pfn).Refs = 1;
        Assert.True(memory.Info(pfn).TryLockPage());
        SwapEntry entry = memory.Swap.TryAllocate(pfn);
        memory.Swap.AddHolder(entry);
        return (pfn, entry);
    }
}
