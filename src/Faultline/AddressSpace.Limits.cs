using Faultline.Areas;
using Faultline.Physical;

namespace Faultline;

/// <content>The checks of single requests; <see cref="UsageRoom"/> has those that count what is there already.</content>
public sealed partial class AddressSpace
{
    /// <summary>The caller may lock memory at all (<c>mm/mlock.c:can_do_mlock()</c>).</summary>
    private bool MayLock => Options.Privileged || Limits.MemoryLock != 0;

    /// <summary>
    /// Overcommit admits a request of <paramref name="pages"/> (<c>mm/util.c:__vm_enough_memory()</c>). Where promises are counted they are charged: the caller, mostly
    /// <see cref="UsageRoom"/>, gives them back.
    /// </summary>
    internal bool TryCommit(ulong pages)
    {
        if (Memory.Commit is { } account) return account.TryCharge(pages, Usage.Total, Options.Privileged);
        return Memory.Overcommit == OvercommitMode.Always
            || pages <= (Options.CommitLimit is { } bytes ? Page.Count(bytes) : (ulong)(Memory.CapacityInFrames + Memory.Swap.Slots));
    }

    /// <summary>As <see cref="UsageRoom.MayMap"/> for who holds everything; a guess for others.</summary>
    private bool HasTooManyAreas => Usage.Taken(UsageKind.Areas) > (ulong)Options.MaximumAreas && Usage.Areas > (ulong)Options.MaximumAreas;
}
