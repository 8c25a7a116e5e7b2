using Faultline.Diagnostics;
using Faultline.Faults;

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
    public void WhenSomeFailuresAreTimedThenTheirMeanStandsForAll()
    {
        var counters = new FaultCounters();
        Assert.Equal(0, counters.Failed.Nanoseconds);

        // The first is not timed, the second is, the third to the 65th are not.
        Fail(counters, 1);
        Assert.Equal((1, 0, null), (counters.Failed.Count, counters.Failed.Timed, counters.Failed.Nanoseconds));
        Fail(counters, 1);
        long one = counters.Failed.TimedNanoseconds;
        Assert.InRange(one, 1, long.MaxValue);
        Assert.Equal(2 * one, counters.Failed.Nanoseconds);
        Fail(counters, 63);
        Assert.Equal(new FailedAttempts(65, 1, one), counters.Failed);
        Fail(counters, 1);
        Assert.Equal((66, 2), (counters.Failed.Count, counters.Failed.Timed));
    }

    /// <summary>It may wait for the just-in-time compiler, whichever attempt it ends.</summary>
    [Fact]
    public void WhenTheFirstFailureIsInATimedAttemptThenItsTimeStandsForNone()
    {
        var counters = new FaultCounters();
        counters.BeginAttempt();
        counters.BeginAttempt();
        counters.Fail();
        Assert.Equal(new FailedAttempts(1, 0, 0), counters.Failed);

        // It starts again, and the next try is timed from there on.
        counters.Fail();
        Assert.Equal((2, 1), (counters.Failed.Count, counters.Failed.Timed));
        Assert.InRange(counters.Failed.TimedNanoseconds, 1, long.MaxValue);
    }

    [Fact]
    public void WhenAttemptsSucceedThenTheTimeOfThoseThatFailedStaysTheirs()
    {
        var counters = new FaultCounters();
        Fail(counters, 2);
        long? two = counters.Failed.Nanoseconds;
        for (int i = 0; i < 1000; i++)
        {
            counters.BeginAttempt();
            counters.Count(FaultEvent.Speculative);
        }

        Assert.Equal(two, counters.Failed.Nanoseconds);
    }

    /// <summary>A fault on a file that does not opt in is counted among the attempts, and takes no time for one.</summary>
    [Fact]
    public void WhenFaultsAreKnownToBeClassicThenTheyAddNothingToTheTimeSpentInVain()
    {
        FaultCounters counters = new(), sum = new();
        Fail(counters, 2);
        FailedAttempts failed = counters.Failed;
        for (int i = 0; i < 1000; i++) counters.Count(SpeculationAbort.NotSupported);
        Assert.Equal(1002, counters[FaultEvent.Attempt]);
        sum.Add(counters);
        sum.Add(new FaultCounters());
        Assert.Equal((failed, failed), (counters.Failed, sum.Failed));
    }

    [Fact]
    public void WhenTimedCountersAreAddedThenTheMeanOfBothStandsForAll()
    {
        FaultCounters one = new(), two = new();
        Fail(one, 2);
        Fail(two, 5);
        FailedAttempts first = one.Failed, sum = first.Plus(two.Failed);
        one.Add(two);
        Assert.Equal(7, one.Failed.Count);
        Assert.Equal(sum.Nanoseconds!.Value, one.Failed.Nanoseconds!.Value, tolerance: 7);
        Assert.Equal(first, sum.Plus(two.Failed, -1));
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
