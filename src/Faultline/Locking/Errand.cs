using System.Runtime.ExceptionServices;
using Faultline.Sync;

namespace Faultline.Locking;

/// <summary>
/// Work that may take for ever, done by a thread of its own so that who waits for it can be killed: on Linux the device does it, and the page lock is all that is waited for. The errand
/// of a waiter who has gone goes on to its end, and then gives back what the two had in common.
/// </summary>
/// <remarks>
/// <code>
///   Waiting ──work done──▶ Done          the waiter has the result
///      │
///      └────waiter killed────▶ Alone     the errand has it
/// </code>
/// Both leave <c>Waiting</c> by compare-and-swap, so one of them has what is to be given back, never both.
/// </remarks>
internal abstract class Errand
{
    private const uint Waiting = 0, Done = 1, Alone = 2;

    // See above. Done publishes the result.
    private Word32 _state = new(Waiting);
    private readonly Parker _parker = new();

    // What the work threw. Published by Done.
    private ExceptionDispatchInfo? _thrown;

    /// <summary>Has the work done; false if the signal came first. What the work throws is thrown here. The caller holds no spin lock, and is in no section.</summary>
    public bool TryRun(string name, FatalSignal signal)
    {
        try
        {
            Start(name);
        }
        catch (Exception exception) when (exception is OutOfMemoryException or ThreadStartException)
        {
            // The host has no thread to give. What the two have in common, such as locked pages, would be nobody's: rather the waiter does the work, and is not killed before it is done.
            Run();
        }

        return TryAwait(signal);
    }

    /// <summary>Starts the errand's thread.</summary>
    protected virtual void Start(string name) => Threads.StartBackground(name, Run);

    /// <summary>The errand's thread.</summary>
    internal void Run()
    {
        try
        {
            Work();
        }
        catch (Exception exception) when (exception is not AccessViolationException)
        {
            _thrown = ExceptionDispatchInfo.Capture(exception);
        }

        if (_state.CompareExchange(Done, Waiting) == Waiting) _parker.Unpark();
        else GiveBack();
    }

    /// <summary>The waiter's side; see <see cref="TryRun"/>.</summary>
    internal bool TryAwait(FatalSignal signal)
    {
        // Acquire: pairs with the exchange to Done.
        while (_state.LoadAcquire() == Waiting)
        {
            if (!signal.TryPark(_parker) && _state.CompareExchange(Alone, Waiting) == Waiting) return false;
        }

        _thrown?.Throw();
        return true;
    }

    /// <summary>What is to be done. Ends what only the errand has, also if it throws.</summary>
    protected abstract void Work();

    /// <summary>Gives back what the waiter would have got. After <see cref="Work"/>, by its thread.</summary>
    protected abstract void GiveBack();
}
