namespace Faultline.Workloads.Tests;

public class LatencySamplerTests
{
    [Fact]
    public void OneOfSeventeenIsDueAndFallsOnEveryPageOfATableInTurn()
    {
        const int EntriesPerTable = 512;
        var sampler = new LatencySampler();
        var places = new HashSet<int>();
        int due = 0;
        for (int i = 0; i < 17 * EntriesPerTable; i++)
        {
            if (!sampler.IsDue()) continue;
            due++;
            places.Add(i % EntriesPerTable);
        }

        Assert.Equal(EntriesPerTable, due);
        Assert.Equal(EntriesPerTable, places.Count);
    }

    [Fact]
    public void WhenTakenThenItStartsAfresh()
    {
        var sampler = new LatencySampler();
        sampler.Record(LatencySampler.Now);
        var taken = sampler.Take();
        Assert.Equal(1, taken.Count);
        Assert.InRange(taken.Percentile(99), 1, taken.Max);
        Assert.Equal(0, sampler.Histogram.Count);
        Assert.Equal(0, sampler.Histogram.Percentile(50));
        Assert.True(double.IsNaN(sampler.Histogram.Mean));
    }
}
