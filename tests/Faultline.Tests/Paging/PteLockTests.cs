using Faultline.Paging;
using Faultline.Physical;

namespace Faultline.Tests.Paging;

public class PteLockTests
{
    [Fact]
    public void WhenTheLockIsHeldThenATryFailsAndAnEnterWaits()
    {
        using var test = new Physical.TestMemory(2);
        uint frame = test.Frames.TryAllocate();
        PhysicalMemory memory = test.Memory;
        Assert.True(PteLock.TryEnter(ref memory.Info(frame)));
        Assert.False(PteLock.TryEnter(ref memory.Info(frame)));
        bool entered = false;
        var crew = new Crew();
        crew.Start(() =>
        {
            PteLock.Enter(ref memory.Info(frame));
            Volatile.Write(ref entered, true);
            PteLock.Exit(ref memory.Info(frame));
        });
        Thread.Sleep(10);
        Assert.False(Volatile.Read(ref entered));
        PteLock.Exit(ref memory.Info(frame));
        crew.Join();
        Assert.False(PteLock.IsHeld(ref memory.Info(frame)));
        test.Frames.Free(frame);
    }

    [Fact]
    public void WhenThreadsCountUnderTheLockThenNothingIsLost()
    {
        using var test = new Physical.TestMemory(2);
        uint frame = test.Frames.TryAllocate();
        PhysicalMemory memory = test.Memory;
        var crew = new Crew();
        for (int thread = 0; thread < 4; thread++)
        {
            crew.Start(() =>
            {
                for (int i = 0; i < 10_000; i++)
                {
                    PteLock.Enter(ref memory.Info(frame));
                    memory.Info(frame).Entries++;
                    PteLock.Exit(ref memory.Info(frame));
                }
            });
        }

        crew.Join();
        Assert.Equal(40_000u, memory.Info(frame).Entries);
        test.Frames.Free(frame);
    }
}
