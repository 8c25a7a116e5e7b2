namespace Faultline.Cli;

/// <summary>What Ctrl-C does: it cancels the verb, unless the verb has asked for the first one.</summary>
internal sealed class Interrupts(CancellationToken outer = default) : IDisposable
{
    private readonly CancellationTokenSource _cancel = CancellationTokenSource.CreateLinkedTokenSource(outer);

    // Guarded by _gate: a signal comes on a thread of its own.
    private readonly Lock _gate = new();
    private CancellationTokenSource? _first;

    /// <summary>Give up, and leave nothing behind.</summary>
    public CancellationToken Cancellation => _cancel.Token;

    /// <summary>Until <paramref name="first"/> is cancelled or the result is disposed, an interrupt cancels it instead of the verb.</summary>
    public IDisposable TakeFirst(CancellationTokenSource first)
    {
        lock (_gate) _first = first;
        return new Release(this);
    }

    /// <summary>An interrupt came; false if the verb has been told before and does not end, since it waits in the kernel for input that does not come.</summary>
    public bool Raise()
    {
        CancellationTokenSource target;
        lock (_gate) (target, _first) = (_first ?? _cancel, null);
        if (target.IsCancellationRequested) return false;
        target.Cancel();
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _cancel.Dispose();

    private sealed class Release(Interrupts owner) : IDisposable
    {
        public void Dispose()
        {
            lock (owner._gate) owner._first = null;
        }
    }
}
