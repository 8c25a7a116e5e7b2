using Faultline.Cli.Bench;

namespace Faultline.Cli.Tests.Bench;

public class SettlingTests
{
    [Fact]
    public void WhenNothingBecomesFasterThenItIsDoneAfterTheFewestBursts() => Assert.Equal(6, Bursts(_ => 1));

    [Fact]
    public void WhenOneOfTwoBecomesFasterThenThreeBurstsMoreAreTaken() => Assert.Equal(8, Bursts(burst => burst < 5 ? 2 : 1));

    [Fact]
    public void WhenItBecomesFasterForEverThenItEndsAllTheSame() => Assert.Equal(30, Bursts(burst => 1.0 / burst));

    [Fact]
    public void WhenItBecomesSlowerThenItHasSettled() => Assert.Equal(6, Bursts(burst => burst));

    private static int Bursts(Func<int, double> time)
    {
        var settling = new Settling(2);
        int bursts = 0;
        for (; !settling.IsDone; settling.EndBurst())
        {
            bursts++;
            settling.Note(0, 1);
            settling.Note(1, time(settling.Burst));
        }

        return bursts;
    }
}
