using Faultline.Diagnostics;
using Faultline.Faults;
using Faultline.Sync;

namespace Faultline.Tests.Diagnostics;

public class FaultCountersTests
{
    /// <summary>What is counted as it happens; attempts and fallbacks follow from it.</summary>
    private static readonly FaultEvent[] s_counted = [.. Enum.GetValues<FaultEvent>().Except([FaultEvent.Attempt, FaultEvent.Fallback])];

    [Fact]
    public void WhenSomethingIsCountedThenOnlyThatCountRises()
    {
        foreach (FaultEvent what in s_counted)
        {
            var counters = new FaultCounters();
            counters.Count(what);
            Assert.All(s_counted, other => Assert.Equal(other == what ? 1 : 0, counters[other]));
            Assert.All(Enum.GetValues<SpeculationAbort>(), other => Assert.Equal(0, counters[other]));
        }

        foreach (SpeculationAbort reason in Enum.GetValues<SpeculationAbort>())
        {
            var counters = new FaultCounters();
            counters.Count(reason);
            Assert.All(Enum.GetValues<SpeculationAbort>(), other => Assert.Equal(other == reason ? 1 : 0, counters[other]));
            Assert.All(s_counted, other => Assert.Equal(0, counters[other]));
        }
    }

    [Fact]
    public void WhenAttemptsEndThenEachIsASuccessOrAFallbackWhateverRestartsItTook()
    {
        var counters = new FaultCounters();

        // Resolved at once; after one restart; given up after one restart; given up at once.
        for (int i = 0; i < 2; i++) counters.Count(FaultEvent.Speculative);
        foreach (SpeculationAbort reason in new[] { SpeculationAbort.AreaChanged, SpeculationAbort.EntryChanged })
        {
            counters.Count(reason);
            counters.Count(FaultEvent.Restart);
        }

        counters.Count(SpeculationAbort.EntryChanged);
        counters.Count(SpeculationAbort.NoArea);

        // Not attempted.
        counters.Count(SpeculationAbort.SwitchedOff);
        counters.Count(SpeculationAbort.SingleThread);
        Assert.Equal((4, 2), (counters[FaultEvent.Attempt], counters[FaultEvent.Fallback]));
    }

    [Fact]
    public void WhenCountersAreAddedThenTheSumHasAllAndTheAddendIsUnchanged()
    {
        var one = new FaultCounters();
        var two = new FaultCounters();
        foreach (FaultEvent what in s_counted)
        {
            for (int i = 0; i <= (int)what; i++) one.Count(what);
            two.Count(what);
        }

        two.Count(SpeculationAbort.NoFrame);
        one.Add(two);
        Assert.All(s_counted, what => Assert.Equal(((int)what + 2, 1), (one[what], two[what])));
        Assert.Equal(1, one[SpeculationAbort.NoFrame]);
    }

    [Fact]
    public void WhenOneOfManyAttemptsIsTimedThenItsFailureStandsForAll()
    {
        var counters = new FaultCounters();
        Assert.Equal(0, counters.FailedNanoseconds);
        Fail(counters, 1);
        long one = counters.FailedNanoseconds;
        Assert.InRange(one, 1, long.MaxValue);

        // The second to the 64th are not timed: their time is that of the first.
        Fail(counters, 63);
        Assert.Equal(64 * one, counters.FailedNanoseconds, tolerance: 64);

        // The 65th is: from here on it is the mean of two.
        counters.BeginAttempt();
        counters.Count(SpeculationAbort.NoArea);
        Assert.Equal(65 * one / 2, counters.FailedNanoseconds, tolerance: 65);
        counters.Fail();
        Assert.InRange(counters.FailedNanoseconds, 65 * one / 2, long.MaxValue);
    }

    /// <summary>A fault on a file that does not opt in is counted among the attempts, and takes no time for one.</summary>
    [Fact]
    public void WhenFaultsAreKnownToBeClassicThenTheyAddNothingToTheTimeSpentInVain()
    {
        FaultCounters counters = new(), sum = new();
        Fail(counters, 1);
        long one = counters.FailedNanoseconds;
        for (int i = 0; i < 1000; i++) counters.Count(SpeculationAbort.NotSupported);
        Assert.Equal(1001, counters[FaultEvent.Attempt]);
        Assert.Equal(one, counters.FailedNanoseconds);
        Fail(counters, 63);
        sum.Add(counters);
        sum.Add(new FaultCounters());
        Assert.Equal(64 * one, sum.FailedNanoseconds, tolerance: 64);
    }

    [Fact]
    public void WhenAnAttemptFailsTwiceThenItsTimeCountsOnce()
    {
        var counters = new FaultCounters();
        long before = Clock.Timestamp;
        Fail(counters, 1);
        counters.Fail();
        Assert.InRange(counters.FailedNanoseconds, 1, Clock.Nanoseconds(before, Clock.Timestamp));
    }

    [Fact]
    public void WhenTimedCountersAreAddedThenTheirTimeIsToo()
    {
        FaultCounters one = new(), two = new();
        Fail(one, 1);
        Fail(two, 1);
        long sum = one.FailedNanoseconds + two.FailedNanoseconds;
        one.Add(two);
        Assert.Equal(sum, one.FailedNanoseconds, tolerance: 2);
    }

    private static void Fail(FaultCounters counters, int attempts)
    {
        for (int i = 0; i < attempts; i++)
        {
            counters.BeginAttempt();
            Thread.SpinWait(100);
            counters.Fail();
            counters.Count(SpeculationAbort.NoArea);
        }
    }
}
