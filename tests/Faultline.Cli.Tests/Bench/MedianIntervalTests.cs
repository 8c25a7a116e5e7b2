using CsCheck;
using Faultline.Cli.Bench;

namespace Faultline.Cli.Tests.Bench;

public class MedianIntervalTests
{
    [Theory]
    [InlineData(6, 1, 6)] // 2 (1/64) = 3.1 %
    [InlineData(15, 4, 12)] // 2 (1 + 15 + 105 + 455) / 32768 = 3.5 %
    [InlineData(31, 10, 22)]
    public void TheIntervalLiesBetweenTheRanksThatTheBinomialDistributionGives(int count, int low, int high)
    {
        var interval = MedianInterval.Of(Enumerable.Range(1, count).Select(i => (double)i).Reverse());
        Assert.Equal(new MedianInterval((count + 1) / 2.0, low, high), interval);
    }

    [Fact]
    public void WhenThereAreFewerThanSixValuesThenTheIntervalHasNoBounds()
    {
        var interval = MedianInterval.Of([1, 2, 3, 4, 5]);
        Assert.Equal(new MedianInterval(3, double.NegativeInfinity, double.PositiveInfinity), interval);
    }

    [Fact]
    public void WhenAValueIsNotANumberThenNothingIsClaimed() => Assert.True(double.IsNaN(MedianInterval.Of([1, 2, double.NaN, 3, 4, 5, 6, 7]).Median));

    [Fact]
    public void TheIntervalHoldsTheMedianOfASkewedDistributionInNineteenOfTwentySeries()
    {
        const int Trials = 4000, Rounds = 15;
        const double Expected = 0.965, FourDeviations = 0.012;
        var random = new Random(1);
        double median = Math.Log(2);
        int held = 0;
        for (int i = 0; i < Trials; i++)
        {
            // Exponential: a long tail to the right, as on a machine that is shared.
            var interval = MedianInterval.Of(Enumerable.Range(0, Rounds).Select(_ => -Math.Log(1 - random.NextDouble())));
            if (interval.Low <= median && median <= interval.High) held++;
        }

        Assert.InRange(held / (double)Trials, Expected - FourDeviations, Expected + FourDeviations);
    }

    [Fact]
    public void OneWildValueMovesNothing() =>
        Gen.Double[0.5, 2].Array[15].Sample(values =>
        {
            var calm = MedianInterval.Of(values);
            values[Array.IndexOf(values, values.Max())] = 1e9;
            Assert.Equal(calm, MedianInterval.Of(values));
            return true;
        });
}
