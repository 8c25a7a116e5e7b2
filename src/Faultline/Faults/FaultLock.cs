using Faultline.Locking;

namespace Faultline.Faults;

/// <summary>What a fault on the classic path holds: <c>mmap_lock</c> for read and, where writers lock ranges, its page. It may be given up for a wait.</summary>
internal struct FaultLock
{
    private readonly AddressSpace _space;
    private readonly LockUser _user;
    private readonly ulong _page;
    private readonly FatalSignal? _signal;
    private RangeHold _range;

    /// <param name="space">Whose lock.</param>
    /// <param name="user">What for.</param>
    /// <param name="page">All that a fault looks at: who changes its area has locked the whole area.</param>
    /// <param name="signal">What ends the wait for the lock; null for nothing.</param>
    public FaultLock(AddressSpace space, LockUser user, ulong page, FatalSignal? signal) => (_space, _user, _page, _signal) = (space, user, page, signal);

    public bool IsHeld { get; private set; }

    /// <summary>Takes the lock; false if the space is killed before.</summary>
    public bool TryEnter()
    {
        if (_signal is not null) return IsHeld = _space.TryEnterRead(_user, _page, _page + Page.Size, out _range);
        _range = _space.EnterRead(_user, _page, _page + Page.Size);
        return IsHeld = true;
    }

    /// <summary>Gives the lock up, if it is held.</summary>
    public void Exit()
    {
        if (!IsHeld) return;
        IsHeld = false;
        _space.ExitRead(_range);
    }
}
