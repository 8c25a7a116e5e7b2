using Faultline.Cli.Bench;

namespace Faultline.Cli.Tests.Bench;

public class LimitTests
{
    [Theory]
    [InlineData(0.10, 0.25, "Pass")]
    [InlineData(0.10, 0.30, "Pass")]
    [InlineData(0.29, 0.31, "Inconclusive")]
    [InlineData(0.31, 0.40, "Miss")]
    public void ACeilingIsMissedOnlyIfTheWholeIntervalLiesAboveIt(double low, double high, string verdict)
    {
        var limit = Limit.TimeAtMost("ours", "theirs", 0.30);
        Assert.Equal(verdict, limit.Judge(new MedianInterval((low + high) / 2, low, high)).ToString());
    }

    [Theory]
    [InlineData(0.80, 0.95, "Pass")]
    [InlineData(0.79, 0.81, "Inconclusive")]
    [InlineData(0.50, 0.79, "Miss")]
    public void AFloorIsMissedOnlyIfTheWholeIntervalLiesBelowIt(double low, double high, string verdict)
    {
        var limit = Limit.SpeedAtLeast("ours", "theirs", 0.8);
        Assert.Equal(verdict, limit.Judge(new MedianInterval((low + high) / 2, low, high)).ToString());
    }

    [Theory]
    [InlineData(double.NegativeInfinity, 0.1, double.PositiveInfinity)]
    [InlineData(double.NaN, double.NaN, double.NaN)]
    public void WithoutAnIntervalNothingIsPassedOrMissed(double low, double median, double high) =>
        Assert.Equal(Verdict.Inconclusive, Limit.TimeAtMost("ours", "theirs", 0.30).Judge(new MedianInterval(median, low, high)));

    [Fact]
    public void ValuesAreOursByTheirsOrTheirsByOursOrDividedBySlowness()
    {
        Reading ours = new(Mean: 2, P99: 30), theirs = new(Mean: 8, P99: 10);
        Assert.Equal(0.25, Limit.TimeAtMost("ours", "theirs", 1).Value(ours, theirs, 5));
        Assert.Equal(3, Limit.TimeAtMost("ours", "theirs", 1, Metric.P99).Value(ours, theirs, 5));
        Assert.Equal(4, Limit.SpeedAtLeast("ours", "theirs", 1).Value(ours, theirs, 5));
        Assert.Equal(0.4, Limit.NanosecondsAtMost("ours", 1).Value(ours, ours, 5));
        Assert.Equal(2, Limit.AtMost("ours", 0, "bytes").Value(ours, ours, 5));
    }
}
