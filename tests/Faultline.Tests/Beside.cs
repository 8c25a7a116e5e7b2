namespace Faultline.Tests;

/// <summary>Runs something on a thread of its own, also where the pool would take it for done best on the waiting thread, which may hold locks.</summary>
internal static class Beside
{
    public static Task Start(Action action) => Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    public static void Run(Action action) => Start(action).Wait(TestContext.Current.CancellationToken);
}
