using Faultline.Areas;

namespace Faultline;

/// <content>The checks against limits that several calls share. All under <see cref="MmapLock"/>, held for write.</content>
public sealed partial class AddressSpace
{
    /// <summary>RLIMIT_AS and, for data, RLIMIT_DATA admit <paramref name="pages"/> more (<c>mm/mmap.c:may_expand_vm()</c>).</summary>
    internal bool MayExpand(AreaFlags flags, ulong pages)
    {
        if (Usage.Total + pages > Page.Count(Limits.AddressSpace)) return false;
        if (!AreaUsage.IsData(flags)) return true;

        // Zero is no limit while the hard limit is infinite, which Valgrind relies on.
        ulong data = Limits.Data;
        return data == 0 || Usage.Data + pages <= Page.Count(data);
    }

    /// <summary>RLIMIT_MEMLOCK admits <paramref name="bytes"/> more with these flags (<c>mm/mmap.c:mlock_future_ok()</c>).</summary>
    internal bool MayLockMore(AreaFlags flags, ulong bytes) =>
        (flags & AreaFlags.Locked) == 0 || Options.Privileged || Usage.Locked + Page.Count(bytes) <= Page.Count(Limits.MemoryLock);

    /// <summary>The caller may lock memory at all (<c>mm/mlock.c:can_do_mlock()</c>).</summary>
    private bool MayLock => Options.Privileged || Limits.MemoryLock != 0;

    /// <summary>Overcommit admits a request of <paramref name="pages"/> (<c>mm/util.c:__vm_enough_memory()</c>, OVERCOMMIT_GUESS).</summary>
    internal bool HasEnoughMemory(ulong pages) =>
        pages <= (Options.CommitLimit is { } bytes ? Page.Count(bytes) : (ulong)Memory.CapacityInFrames);

    /// <summary>A further area is admitted by the map count as <c>mmap</c> and <c>brk</c> check it: they may reach the limit and pass it by one.</summary>
    private bool HasTooManyAreas => Areas.Count > Options.MaximumAreas;

    /// <summary>A split is admitted by the map count (<c>mm/vma.c:split_vma()</c>).</summary>
    private bool MaySplit(int splits) => Areas.Count + splits <= Options.MaximumAreas;
}
