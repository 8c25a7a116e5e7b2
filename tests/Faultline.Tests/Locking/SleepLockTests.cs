using Faultline.Locking;

namespace Faultline.Tests.Locking;

public class SleepLockTests
{
    [Fact]
    public void OneThreadAtATimeHoldsIt()
    {
        var sleepLock = new SleepLock(Faultline.Sync.LockRank.FileSize);
        int inside = 0, total = 0;
        var crew = new Crew();
        for (int i = 0; i < 4; i++)
        {
            crew.Start(() =>
            {
                for (int round = 0; round < 2_000; round++)
                {
                    sleepLock.Enter();
                    Assert.Equal(1, Interlocked.Increment(ref inside));
                    total++;
                    Interlocked.Decrement(ref inside);
                    sleepLock.Exit();
                }
            });
        }

        crew.Join();
        Assert.Equal(8_000, total);
    }
}
