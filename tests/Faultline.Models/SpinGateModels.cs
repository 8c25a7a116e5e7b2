using Faultline.Checker;
using Faultline.Sync;

namespace Faultline.Models;

public class SpinGateModels
{
    private sealed class Shared
    {
        public SpinGate Gate;
        public Word64 Inside;
        public Word64 Count;
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void WhenThreadsShareAGateThenOneIsInsideAndSeesWhatTheLastOneDid(int threads) =>
        Checks.AssertPasses(MemoryModel.Tso, scope =>
        {
            var shared = new Shared();
            for (int i = 0; i < threads; i++)
            {
                scope.Spawn(() =>
                {
                    shared.Gate.Enter();
                    CountInside(shared);
                    shared.Gate.Exit();
                });
            }

            scope.AtEnd(() => Assert.Equal((ulong)threads, shared.Count.LoadRelaxed()));
            scope.AtEnd(() => Assert.False(shared.Gate.IsHeld));
        });

    [Fact]
    public void WhenAThreadOnlyTriesThenItNeverWaitsAndNeverSharesTheGate() =>
        Checks.AssertPasses(MemoryModel.Tso, scope =>
        {
            var shared = new Shared();
            int entered = 0;
            for (int i = 0; i < 2; i++)
            {
                scope.Spawn(() =>
                {
                    if (!shared.Gate.TryEnter()) return;
                    CountInside(shared);
                    shared.Gate.Exit();
                    entered++;
                });
            }

            scope.AtEnd(() => Assert.Equal((ulong)entered, shared.Count.LoadRelaxed()));
            scope.AtEnd(() => Assert.InRange(entered, 1, 2));
        });

    /// <summary>A counter that loses counts and a flag that is seen set, if two threads are inside.</summary>
    private static void CountInside(Shared shared)
    {
        Assert.Equal(0ul, shared.Inside.LoadRelaxed());
        shared.Inside.StoreRelaxed(1);
        shared.Count.StoreRelaxed(shared.Count.LoadRelaxed() + 1);
        shared.Inside.StoreRelaxed(0);
    }
}
