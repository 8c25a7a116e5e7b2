using Faultline.Sync;

namespace Faultline.Areas;

/// <summary>What a call may add to the totals that limits count, and what it has added. One for each writer.</summary>
/// <remarks>
/// <para>Who holds the whole space compares with the totals, and its answer is the call's. Who holds a range is one of several, so it takes what it may add from the total
/// before it adds it; what does not come of it, and what the call removes, stays in the room for the next call:</para>
/// <code>
///   kept ≥ growth, total within the limit?  kept −= growth                         no shared line is written
///   else total + growth ≤ limit?            total += growth, and a batch to keep if there is room for that too
///   …
///   kept += growth − what came of it        more than two batches: the rest back to the total
/// </code>
/// <para>No limit is ever passed, but a call may be refused for what others only keep or never add. Therefore a refusal
/// under a range is not told. The call lets go of its range and is made again by one who holds the whole space and takes everything back.</para>
/// <para>A map may pass the map count by one, a split may not: what is kept counts only while the total is within the limit.</para>
/// </remarks>
/// <param name="space">Whose totals.</param>
/// <param name="isAlone">The whole space is held.</param>
/// <param name="keeps">The room is used again and registered: it may keep something.</param>
internal sealed class UsageRoom(AddressSpace space, bool isAlone, bool keeps)
{
    // 256 MiB of pages, and a few dozen calls: so much of a limit may lie idle before calls are made twice.
    private const ulong PageBatch = 1 << 16, AreaBatch = 32;

    private static readonly ulong s_unlimited = Page.Count(ResourceLimits.Unlimited);

    // Taken and not used, by kind. The holder's own, or of whoever holds the whole space; others add it up, without order.
    private readonly Word64[] _kept = new Word64[AreaUsage.Kinds];

    // The holder's own, in pages, while promises are counted: what it has charged, and by how much the areas' promises have grown.
    private ulong _charged, _grown;

    // The holder's own, by kind: what this call has taken, which others add up as well, and what came of it so far.
    private readonly Word64[] _taken = new Word64[AreaUsage.Kinds];
    private readonly long[] _growth = new long[AreaUsage.Kinds];

    // The holder's own: everything that this call may yet ask for has been taken.
    private bool _isCovered;

    /// <summary>Something was refused that others may be the cause of.</summary>
    public bool WasRefused { get; private set; }

    /// <summary>An area enters the tree.</summary>
    public void Add(VmArea area) => Count(area.Flags, (long)area.Pages, areas: 1);

    /// <summary>An area leaves the tree.</summary>
    public void Remove(VmArea area) => Count(area.Flags, -(long)area.Pages, areas: -1);

    /// <summary>RLIMIT_AS and, for data, RLIMIT_DATA admit <paramref name="pages"/> more (<c>mm/mmap.c:may_expand_vm()</c>).</summary>
    public bool MayExpand(AreaFlags flags, ulong pages) => MayExpand(flags, pages, pages);

    /// <summary>The same for a map that replaces others, of which Linux takes any for data: the data may grow by more than it asks for.</summary>
    public bool MayExpand(AreaFlags flags, ulong pages, ulong dataGrowth)
    {
        if (!Fits(UsageKind.Total, pages, pages, Page.Count(space.Limits.AddressSpace))) return false;
        if (!AreaUsage.IsData(flags)) return true;

        // Zero is no limit while the hard limit is infinite, which Valgrind relies on.
        ulong data = space.Limits.Data;
        return Fits(UsageKind.Data, pages, dataGrowth, data == 0 ? s_unlimited : Page.Count(data));
    }

    /// <summary>RLIMIT_MEMLOCK admits <paramref name="bytes"/> more with these flags (<c>mm/mmap.c:mlock_future_ok()</c>).</summary>
    public bool MayLockMore(AreaFlags flags, ulong bytes) =>
        (flags & AreaFlags.Locked) == 0 || space.Options.Privileged || Fits(UsageKind.Locked, Page.Count(bytes), Page.Count(bytes), Page.Count(space.Limits.MemoryLock));

    /// <summary>One more area is admitted by the map count as <c>mmap</c> and <c>brk</c> check it: they may reach the limit and pass it by one.</summary>
    public bool MayMap() => MayAddAreas(asked: 0, growth: 1);

    /// <summary>A split is admitted by the map count (<c>mm/vma.c:split_vma()</c>).</summary>
    public bool MaySplit(int splits) => MayAddAreas(splits, splits);

    /// <summary>The map count with <paramref name="asked"/> more is within the limit; the call adds at most <paramref name="growth"/>.</summary>
    public bool MayAddAreas(int asked, int growth) => Fits(UsageKind.Areas, (ulong)asked, (ulong)growth, (ulong)space.Options.MaximumAreas);

    /// <summary>
    /// Takes at once all that the call may come to: nothing is refused afterwards. For calls that cannot begin again once they have changed something. True for
    /// who holds everything, whom the checks one by one tell the truth.
    /// </summary>
    public bool TryCover(ulong pages, int areas)
    {
        if (isAlone) return true;
        _isCovered = MayAddAreas(areas, areas) && MayExpand(AreaFlags.Write, pages) && MayLockMore(AreaFlags.Locked, pages << Page.Shift);
        return _isCovered;
    }

    /// <summary>Overcommit admits <paramref name="pages"/> more; where promises are counted they are charged until <see cref="End"/> sees what came of them.</summary>
    public bool TryCommit(ulong pages)
    {
        if (!space.TryCommit(pages)) return false;
        _charged += pages;
        return true;
    }

    /// <summary>A charge is not of this call's areas: who holds it from now on gives it back.</summary>
    public void HandOver(ulong pages) => _charged -= pages;

    /// <summary>The holder's change replaced areas that had promises by others.</summary>
    public void CountGrowth(ulong pages) => _grown = unchecked(_grown + pages);

    /// <summary>What the holder of a range found is not the last word: somebody holds the places that it could use.</summary>
    public void Refuse() => WasRefused = !isAlone;

    /// <summary>The call changes nothing any more: what it did not use is kept, or given back.</summary>
    public void End()
    {
        // What was charged and not used, and what areas that went had been promised.
        space.Memory.Commit?.Release(unchecked(_charged - _grown));
        _charged = _grown = 0;
        if (isAlone) return;
        for (int kind = 0; kind < AreaUsage.Kinds; kind++)
        {
            ulong taken = _taken[kind].LoadRelaxed();
            if (taken == 0 && _growth[kind] == 0) continue;
            long unused = (long)taken - _growth[kind];
            _taken[kind].StoreRelaxed(0);
            _growth[kind] = 0;
            if (unused != 0) Keep((UsageKind)kind, unused);
        }

        _isCovered = WasRefused = false;
    }

    /// <summary>What is not mapped of what was taken, as of the end of the last call, for sums.</summary>
    public ulong Unused(UsageKind kind) => Kept(kind) + _taken[(int)kind].LoadRelaxed();

    /// <summary>Gives up what the room keeps; the caller takes it off the total. By who holds the whole space.</summary>
    public long GiveUp(UsageKind kind)
    {
        var kept = (long)Kept(kind);
        if (kept != 0) _kept[(int)kind].StoreRelaxed(0);
        return kept;
    }

    private ulong Kept(UsageKind kind) => _kept[(int)kind].LoadRelaxed();

    private static ulong BatchOf(UsageKind kind) => kind == UsageKind.Areas ? AreaBatch : PageBatch;

    private void Count(AreaFlags flags, long pages, int areas)
    {
        Grow(UsageKind.Total, pages);
        Grow(UsageKind.Areas, areas);
        if (AreaUsage.IsData(flags)) Grow(UsageKind.Data, pages);
        if ((flags & AreaFlags.Locked) != 0) Grow(UsageKind.Locked, pages);
        if ((flags & AreaFlags.Account) != 0) Grow(UsageKind.Committed, pages);
    }

    private void Grow(UsageKind kind, long growth)
    {
        if (isAlone) space.Usage.TakeAlone(kind, growth);
        else _growth[(int)kind] += growth;
    }

    private bool Fits(UsageKind kind, ulong asked, ulong growth, ulong limit)
    {
        AreaUsage usage = space.Usage;
        if (isAlone)
        {
            if (usage.Taken(kind) + asked <= limit) return true;
            usage.TakeBack(kind);
            return usage.Taken(kind) + asked <= limit;
        }

        if (_isCovered) return true;
        ulong kept = Kept(kind), batch = keeps ? BatchOf(kind) : 0;
        if (kept >= growth && usage.Taken(kind) <= limit)
        {
            _kept[(int)kind].StoreRelaxed(kept - growth);
        }
        else if (batch != 0 && usage.TryTake(kind, growth + batch, growth + batch, limit))
        {
            _kept[(int)kind].StoreRelaxed(kept + batch);
        }
        else if (!usage.TryTake(kind, asked, growth, limit))
        {
            WasRefused = true;
            return false;
        }

        _taken[(int)kind].StoreRelaxed(_taken[(int)kind].LoadRelaxed() + growth);
        return true;
    }

    // Below zero if the call added what it need not ask for.
    private void Keep(UsageKind kind, long unused)
    {
        long kept = (long)Kept(kind) + unused;
        var batch = (long)(keeps ? BatchOf(kind) : 0);
        if (kept < 0 || kept > 2 * batch)
        {
            space.Usage.Take(kind, batch - kept);
            kept = batch;
        }

        _kept[(int)kind].StoreRelaxed((ulong)kept);
    }
}
