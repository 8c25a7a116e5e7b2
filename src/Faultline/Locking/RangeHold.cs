using System.Runtime.CompilerServices;

namespace Faultline.Locking;

/// <summary>A range of a <see cref="RangeLock"/> that is held. Disposing of it, once and by any thread, lets go; <see langword="default"/> holds nothing.</summary>
public readonly struct RangeHold : IDisposable
{
    private readonly RangeLock? _lock;
    private readonly RangeRequest? _request;

    // Of a part of a lease: which one. Else 0.
    private readonly ulong _number;

    internal RangeHold(RangeLock owner, RangeRequest request, ulong number = 0) => (_lock, _request, _number) = (owner, request, number);

    /// <summary>First of the range; 0 if nothing is held.</summary>
    public ulong Start => _request?.FirstHeld ?? 0;

    /// <summary>First after the range; 0 if nothing is held.</summary>
    public ulong End => Lease?.HeldEnd ?? _request?.End ?? 0;

    /// <summary>True until the hold is disposed of or downgraded.</summary>
    public bool IsExclusive => Lease?.IsHeldExclusively(_number) ?? _request is { IsExclusive: true, IsReleased: false };

    private RangeLease? Lease => _number == 0 ? null : Unsafe.As<RangeLease>(_request);

    private bool IsReleased => Lease is { } lease ? !lease.IsHeld(_number) : _request!.IsReleased;

    /// <summary>True if the hold is exclusive and covers [<paramref name="start"/>, <paramref name="end"/>).</summary>
    public bool Covers(ulong start, ulong end) => IsExclusive && Start <= start && end <= End;

    /// <summary>
    /// Turns an exclusive hold into a shared one, without a moment in which another writer could enter. Sharing requests that wait for it enter; those that came
    /// behind a waiting exclusive one stay behind it.
    /// </summary>
    /// <exception cref="InvalidOperationException">The hold is not exclusive.</exception>
    public void Downgrade()
    {
        if (!IsExclusive) throw new InvalidOperationException("Only an exclusive hold can be downgraded.");
        if (Lease is { } lease) lease.DowngradePart();
        else _request!.Downgrade();
    }

    /// <summary>Lets go of the range.</summary>
    /// <exception cref="InvalidOperationException">It was let go already.</exception>
    public void Dispose()
    {
        if (_request is null) return;
        if (IsReleased) throw new InvalidOperationException("The range was let go already.");
        if (Lease is { } lease) _lock!.Exit(lease);
        else _lock!.Exit(_request);
    }
}
