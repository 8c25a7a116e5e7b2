using Faultline.Checker;
using Faultline.Sync;

namespace Faultline.Models.Checker;

public class ExploreTests
{
    private sealed class Shared
    {
        public Word64 Word;
        public SpinGate First;
        public SpinGate Second;
    }

    [Fact]
    public void WhenTwoThreadsTakeTwoGatesInOppositeOrderThenTheDeadlockIsFound()
    {
        var finding = Checks.AssertFails(MemoryModel.Tso, FindingKind.Deadlock, scope =>
        {
            var shared = new Shared();
            scope.Spawn(() => TakeBoth(ref shared.First, ref shared.Second));
            scope.Spawn(() => TakeBoth(ref shared.Second, ref shared.First));
        });
        Assert.Contains("a Spinning, b Spinning", finding.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhenTwoThreadsTakeTwoGatesInTheSameOrderThenAllEnd() =>
        Checks.AssertPasses(MemoryModel.Tso, scope =>
        {
            var shared = new Shared();
            scope.Spawn(() => TakeBoth(ref shared.First, ref shared.Second));
            scope.Spawn(() => TakeBoth(ref shared.First, ref shared.Second));
        });

    [Fact]
    public void WhenAWaiterParksWithoutLookingAgainThenTheLostWakeUpIsFound() =>
        Checks.AssertFails(MemoryModel.Tso, FindingKind.Deadlock, scope => WaitForWord(scope, looksAgain: false));

    [Fact]
    public void WhenAWaiterLooksAgainAfterAnnouncingThenNoWakeUpIsLost() =>
        Checks.AssertPasses(MemoryModel.Tso, scope => WaitForWord(scope, looksAgain: true));

    [Fact]
    public void WhenATimedWaitIsNeverWokenThenItTimesOut() =>
        Checks.AssertPasses(MemoryModel.Tso, scope =>
        {
            var parker = new Parker();
            scope.Spawn(() => Assert.False(parker.Park(TimeSpan.FromSeconds(1))));
        });

    [Fact]
    public void WhenTwoThreadsUndoEachOtherForEverThenTheLivelockIsFound() =>
        Checks.AssertFails(MemoryModel.SequentiallyConsistent, FindingKind.Livelock, maxSteps: 500, body: scope =>
        {
            var shared = new Shared();
            for (ulong i = 1; i <= 2; i++)
            {
                ulong own = i;
                scope.Spawn(() =>
                {
                    while (true) shared.Word.Exchange(own);
                });
            }
        });

    [Fact]
    public void WhenASpinnersWordNeverChangesThenItIsADeadlockAndNotASpin()
    {
        var result = Checks.Explore(MemoryModel.Tso, Strategy.Random(seed: 3), scope =>
        {
            var shared = new Shared();
            scope.Spawn(() =>
            {
                var backoff = new Backoff();
                while (shared.Word.LoadAcquire() == 0) backoff.Wait();
            });
        });
        Assert.Equal(FindingKind.Deadlock, result.Finding?.Kind);
        Assert.True(result.Steps < 10, result.ToString());
    }

    [Fact]
    public void WhenAFailingScheduleIsReplayedThenItFailsInTheSameWay()
    {
        foreach (var strategy in Checks.Portfolio)
        {
            var found = Checks.Explore(MemoryModel.Tso, strategy, LoseAnIncrement).Finding!;
            var replayed = Explore.Replay(found.Schedule, LoseAnIncrement);
            Assert.Equal(Verdict.Violation, replayed.Verdict);
            Assert.Equal(found.Message, replayed.Finding!.Message);
            Assert.Equal(found.Trace, replayed.Finding.Trace);
        }
    }

    [Fact]
    public void WhenAScheduleFailsThenTheTraceNamesOperationsAndTheirPlaces()
    {
        var trace = Checks.Explore(MemoryModel.Tso, Checks.Portfolio[0], LoseAnIncrement).Finding!.Trace;
        Assert.Contains(trace, line => line.Contains("a: load w0 = 0x0", StringComparison.Ordinal)
            && line.Contains("ExploreTests", StringComparison.Ordinal));
        Assert.Contains(trace, line => line.Contains("w0 <- 0x1 reaches memory", StringComparison.Ordinal));
    }

    [Fact]
    public void WhenAScheduleDoesNotFitTheProgramThenTheReplayIsInconclusive() =>
        Assert.Equal(Verdict.Inconclusive, Explore.Replay("tso:c", LoseAnIncrement).Verdict);

    [Theory]
    [InlineData("")]
    [InlineData("arm:a")]
    [InlineData("tso:a-b")]
    public void WhenTextIsNoScheduleThenReplaySaysSo(string text) =>
        Assert.Throws<FormatException>(() => Explore.Replay(text, LoseAnIncrement));

    [Fact]
    public void WhenTheProgramDependsOnEarlierSchedulesThenTheVerdictIsInconclusive()
    {
        int runs = 0;
        var result = Checks.Explore(MemoryModel.Tso, Strategy.Random(seed: 4), scope =>
        {
            int run = ++runs;
            scope.Spawn(() => Assert.NotEqual(3, run));
        });
        Assert.Equal((Verdict.Inconclusive, FindingKind.Nondeterminism), (result.Verdict, result.Finding?.Kind));
    }

    [Fact]
    public void WhenTheBudgetEndsBeforeTheSearchThenTheVerdictIsInconclusive()
    {
        var result = Checks.Explore(MemoryModel.Tso, Strategy.DepthFirst(preemptions: 3), maxSchedules: 5, body: scope =>
        {
            var shared = new Shared();
            for (int i = 0; i < 3; i++) scope.Spawn(() => shared.Word.Add(1));
        });
        Assert.Equal((Verdict.Inconclusive, 5, -1), (result.Verdict, result.Schedules, result.CompletedBound));
    }

    [Fact]
    public void WhenThreadsShareNothingThenDepthFirstEndsByItself()
    {
        var result = Checks.Explore(MemoryModel.Tso, Strategy.DepthFirst(preemptions: 2), scope => scope.Spawn(() => { }));
        Assert.Equal(Verdict.Pass, result.Verdict);
    }

    [Fact]
    public void WhenDepthFirstEndsThenEveryOrderOfTwoThreadsWasSeen()
    {
        var seen = new HashSet<string>();
        var result = Checks.Explore(MemoryModel.SequentiallyConsistent, Strategy.DepthFirst(preemptions: 6), scope =>
        {
            var shared = new Shared();
            string order = "";
            for (int i = 0; i < 2; i++)
            {
                string name = i == 0 ? "a" : "b";
                scope.Spawn(() =>
                {
                    for (int step = 0; step < 3; step++)
                    {
                        shared.Word.LoadRelaxed();
                        order += name;
                    }
                });
            }

            scope.AtEnd(() => seen.Add(order));
        });
        Assert.Equal((Verdict.Pass, 6), (result.Verdict, result.CompletedBound));
        Assert.Equal(20, seen.Count); // 6! / (3! 3!)
    }

    [Fact]
    public void WhenAThreadThrowsThenTheOthersUnwindThroughTheirFinallyBlocks()
    {
        int unwound = 0, cleanups = 0;
        var result = Checks.Explore(MemoryModel.Tso, Strategy.DepthFirst(preemptions: 0), scope =>
        {
            unwound = 0;
            var shared = new Shared();
            var parker = new Parker();
            scope.Spawn(() =>
            {
                shared.First.Enter();
                try
                {
                    parker.Park();
                }
                finally
                {
                    shared.First.Exit();
                    unwound++;
                }
            });
            scope.Spawn(() => throw new InvalidOperationException("on purpose"));
            scope.Cleanup(() => cleanups++);
        });
        Assert.Equal((FindingKind.Exception, 1), (result.Finding!.Kind, result.Finding.Thread));
        Assert.IsType<InvalidOperationException>(result.Finding.Exception);
        Assert.Equal((1, 2), (unwound, cleanups)); // The failing schedule, and once more for its trace.
    }

    private static void TakeBoth(ref SpinGate outer, ref SpinGate inner)
    {
        outer.Enter();
        inner.Enter();
        inner.Exit();
        outer.Exit();
    }

    private static void WaitForWord(ExploreScope scope, bool looksAgain)
    {
        var ready = new Shared();
        var announced = new Shared();
        var parker = new Parker();
        scope.Spawn(() =>
        {
            if (ready.Word.LoadAcquire() != 0) return;
            announced.Word.Exchange(1);
            if (!looksAgain || ready.Word.LoadAcquire() == 0) parker.Park();
        });
        scope.Spawn(() =>
        {
            ready.Word.Exchange(1);
            if (announced.Word.LoadAcquire() != 0) parker.Unpark();
        });
    }

    private static void LoseAnIncrement(ExploreScope scope)
    {
        var shared = new Shared();
        for (int i = 0; i < 2; i++) scope.Spawn(() => shared.Word.StoreRelaxed(shared.Word.LoadRelaxed() + 1));
        scope.AtEnd(() => Assert.Equal(2ul, shared.Word.LoadRelaxed()));
    }
}
