using Faultline.Sync;

namespace Faultline.Physical;

/// <summary>
/// What all spaces of a machine may come to need, and its limit: <see cref="OvercommitMode.Never"/> (Linux <c>mm/util.c:__vm_enough_memory()</c>, <c>vm_commit_limit()</c>).
/// In pages.
/// </summary>
/// <remarks>
/// A call charges before it changes anything, and when it ends gives back what it charged and did not use, and what it made unnecessary: the sum is that of all areas and
/// shared objects whenever no call is under way. Beside others a charge may be refused for one that is about to be refused itself, as on Linux.
/// </remarks>
internal sealed class CommitAccount
{
    // As Linux sets vm.admin_reserve_kbytes and vm.user_reserve_kbytes: a part of memory, up to 8 and to 128 MiB.
    private const ulong ReservedPart = 32, MaxAdminReserve = 8 << 8, MaxUserReserve = 128 << 8;

    private readonly ulong _adminReserve, _userReserve;

    // Atomic additions. Orders nothing: who compares with the limit has added first, so of two that pass it together at least one sees both.
    private Word64 _committed;

    public CommitAccount(PhysicalMemoryOptions options, ulong swapPages)
    {
        ulong memory = (ulong)options.CapacityInFrames;
        ulong part = options.OvercommitBytes is { } bytes ? bytes >> Page.Shift : (ulong)((UInt128)memory * (uint)options.OvercommitRatio / 100);
        Limit = part + swapPages;
        _adminReserve = Math.Min(memory / ReservedPart, MaxAdminReserve);
        _userReserve = Math.Min(memory / ReservedPart, MaxUserReserve);
    }

    /// <summary>What could be promised if nothing was reserved.</summary>
    public ulong Limit { get; }

    /// <summary>What is promised.</summary>
    public ulong Committed => _committed.LoadRelaxed();

    /// <summary>Promises <paramref name="pages"/> more, if there is so much.</summary>
    /// <param name="pages">How many.</param>
    /// <param name="mapped">Pages that the space has mapped: the larger it is, the more it leaves to others.</param>
    /// <param name="isPrivileged">The administrator's reserve may be used.</param>
    public bool TryCharge(ulong pages, ulong mapped, bool isPrivileged)
    {
        ulong reserved = (isPrivileged ? 0 : _adminReserve) + Math.Min(mapped / ReservedPart, _userReserve);
        ulong committed = _committed.Add((long)pages);

        // The sum wraps for no one: a request is smaller than the user's addresses.
        if (reserved < Limit && committed < Limit - reserved) return true;
        _committed.Add(-(long)pages);
        return false;
    }

    /// <summary>Takes promises back.</summary>
    public void Release(ulong pages)
    {
        if (pages != 0) _committed.Add(unchecked(-(long)pages));
    }
}
