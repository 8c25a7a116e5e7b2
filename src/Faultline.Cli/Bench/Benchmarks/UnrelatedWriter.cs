namespace Faultline.Cli.Bench.Benchmarks;

/// <summary>A thread that maps and unmaps one page elsewhere in the space, without pause, until disposed of.</summary>
internal sealed class UnrelatedWriter : IDisposable
{
    private readonly Thread _thread;
    private readonly ManualResetEventSlim _running = new();

    // Written by the measuring thread, read by the writer in every turn.
    private volatile bool _stop;

    // Written by the writer, read by the measuring thread.
    private long _pairs;

    /// <summary>How often it mapped and unmapped.</summary>
    public long Pairs => Volatile.Read(ref _pairs);

    /// <summary>Starts it and returns when it has made its first pair. <paramref name="gate"/> is taken for write around each call, if given.</summary>
    public UnrelatedWriter(Guest guest, ReaderWriterWord? gate)
    {
        _thread = new Thread(() => Run(guest, gate)) { IsBackground = true, Name = "unrelated writer" };
        _thread.Start();
        _running.Wait();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop = true;
        _thread.Join();
        _running.Dispose();
    }

    private void Run(Guest guest, ReaderWriterWord? gate)
    {
        while (!_stop)
        {
            gate?.EnterWrite();
            ulong start = guest.Map(Page.Size);
            gate?.ExitWrite();
            gate?.EnterWrite();
            guest.Unmap(start, Page.Size);
            gate?.ExitWrite();
            Volatile.Write(ref _pairs, _pairs + 1);
            if (!_running.IsSet) _running.Set();
        }
    }
}
