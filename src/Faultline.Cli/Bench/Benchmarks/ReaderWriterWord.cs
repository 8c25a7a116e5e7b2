namespace Faultline.Cli.Bench.Benchmarks;

/// <summary>
/// The plain reader/writer spin lock in one word that a first version of such an engine would have: a peer for <c>MmapLock</c>, with neither queue nor
/// fairness nor sleep.
/// </summary>
internal sealed class ReaderWriterWord
{
    private const int Free = 0, Writer = -1;

    // Number of readers, or Writer. Entering acquires by compare-and-swap, leaving releases.
    private int _state;

    public void EnterRead()
    {
        while (true)
        {
            int seen = Volatile.Read(ref _state);
            if (seen != Writer && Interlocked.CompareExchange(ref _state, seen + 1, seen) == seen) return;
            Thread.SpinWait(1);
        }
    }

    public void ExitRead() => Interlocked.Decrement(ref _state);

    public void EnterWrite()
    {
        while (Volatile.Read(ref _state) != Free || Interlocked.CompareExchange(ref _state, Writer, Free) != Free) Thread.SpinWait(1);
    }

    public void ExitWrite() => Volatile.Write(ref _state, Free);
}
