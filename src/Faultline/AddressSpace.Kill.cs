using Faultline.Faults;
using Faultline.Locking;

namespace Faultline;

/// <content>SIGKILL: what waits in the space and may wait for ever, ends.</content>
public sealed partial class AddressSpace
{
    // In _state.
    private const ulong DisposedState = 1, KilledState = 2;

    /// <summary>What killable waits end with.</summary>
    internal FatalSignal FatalSignal { get; } = new();

    /// <summary>How faults of accessors and calls wait.</summary>
    internal FaultFlags FaultFlags => FaultFlags.Killable | (Options.DropLockToWait ? FaultFlags.AllowRetry : FaultFlags.None);

    /// <summary>True once <see cref="Kill"/> was called.</summary>
    public bool IsKilled => (_state.LoadAcquire() & KilledState) != 0;

    /// <summary>
    /// Ends all waiting in the space, for good, as SIGKILL does in a process: faults that wait for a file, a page lock, a swap device, a <see cref="UserFaultHandler"/> or the space's
    /// lock end with <see cref="FaultSignal.Killed"/>, and calls that wait for the lock with EINTR. So does every miss of an accessor, and every call that changes the space, from here
    /// on. Idempotent; any thread; does not wait.
    /// </summary>
    /// <remarks>
    /// <para>It is the whole space, as on Linux, where SIGKILL ends all threads that share an <c>mm_struct</c>. Forked children are processes of their own.</para>
    /// <para>Reads that are under way are not waited for: they hold their file and frames until they return. Whose <see cref="Files.VmFile.MayHang"/> is false is read by the fault
    /// itself, which therefore ends after it. An access that needs no fault still succeeds: to stop the threads that run the guest is their owner's business. The memory is there until the
    /// space is disposed of, so <see cref="TryReadMemory"/>, pins and <see cref="Maps"/> see what is in memory.</para>
    /// </remarks>
    public void Kill()
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        _state.Or(KilledState);
        FatalSignal.Send();
        MmapLock.WakeAllToLook();
    }

    /// <summary>As <see cref="EnterRead"/>; false, holding nothing, if the space is killed before.</summary>
    internal bool TryEnterRead(LockUser user, ulong start, ulong end, out RangeHold hold)
    {
        hold = default;
        if (!MmapLock.TryEnterRead(user, FatalSignal)) return false;
        if (_ranges is null || start >= end || _ranges.TryEnter(start, end, isExclusive: false, user, FatalSignal, out hold)) return true;
        MmapLock.ExitRead();
        return false;
    }

    /// <summary>Takes a range for a call that changes areas, the space's lock being held for read; false if the space is killed before.</summary>
    private bool TryEnterRange(LockUser user, ulong low, ulong high, out RangeHold hold) => _ranges!.TryEnter(low, high, isExclusive: true, user, FatalSignal, out hold);
}
