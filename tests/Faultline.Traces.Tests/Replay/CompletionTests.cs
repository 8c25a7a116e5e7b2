using Faultline.Sync;
using Faultline.Traces.Replay;

namespace Faultline.Traces.Tests.Replay;

public class CompletionTests
{
    [Fact]
    public async Task WhenManySleepForOneOperationThenAllWake()
    {
        const int Rounds = 2_000, Sleepers = 3;
        var completion = new Completion(Rounds);
        Task[] sleepers = [.. Enumerable.Range(0, Sleepers).Select(_ => Task.Factory.StartNew(
            () =>
            {
                var parker = new Parker();
                for (int operation = 0; operation < Rounds; operation++)
                {
                    while (!completion.IsComplete(operation)) completion.Sleep(operation, parker);
                }
            },
            TaskCreationOptions.LongRunning))];
        for (int operation = 0; operation < Rounds; operation++) completion.Set(operation);
        await Task.WhenAll(sleepers).WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
    }

    [Fact]
    public void WhenItIsCompleteThenNobodySpinsOrSleeps()
    {
        var completion = new Completion(1);
        Assert.False(completion.TrySpin(0));
        completion.Set(0);
        Assert.True(completion.TrySpin(0));
        completion.Sleep(0, new Parker());
    }

    [Fact]
    public async Task WhenTheReplayStopsThenSleepersWake()
    {
        var completion = new Completion(1);
        Task sleeper = Task.Factory.StartNew(() => completion.Sleep(0, new Parker()), TaskCreationOptions.LongRunning);
        completion.Stop();
        await sleeper.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        Assert.True(completion.TrySpin(0));
    }
}
