namespace Faultline.Cli.Bench.Benchmarks;

/// <summary>Threads of a space that have touched a page and now block, until disposed of.</summary>
internal sealed class BlockedThreads : IDisposable
{
    private readonly ManualResetEventSlim _end = new();
    private readonly Thread[] _threads;

    public BlockedThreads(AddressSpace space, int count)
    {
        using var blocked = new CountdownEvent(count);
        _threads = [.. Enumerable.Range(0, count).Select(_ => new Thread(() => Run(space, blocked)) { IsBackground = true, Name = "blocked" })];
        foreach (var thread in _threads) thread.Start();
        blocked.Wait();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _end.Set();
        foreach (var thread in _threads) thread.Join();
        _end.Dispose();
    }

    private void Run(AddressSpace space, CountdownEvent blocked)
    {
        using var accessor = space.CreateAccessor();
        ulong own = space.Map(0, Page.Size, Protection.ReadWrite, MapFlags.Private);
        accessor.Write(own, own);
        blocked.Signal();
        _end.Wait();
    }
}
