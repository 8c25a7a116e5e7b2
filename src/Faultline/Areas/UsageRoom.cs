namespace Faultline.Areas;

/// <summary>What a call may add to the totals that limits count. One for each writer.</summary>
/// <remarks>
/// <para>Who holds the whole space compares with the totals, and its answer is the call's. Who holds a range is one of several, so it first promises what it may add, then
/// compares with the totals and everybody's promises:</para>
/// <code>
///   this call                              another call
///   promised += growth  (full fence)       total += what came of it
///   total + promised ≤ limit?              promised −= growth
/// </code>
/// <para>The other's growth is seen in one of the two, or for a moment in both: no limit is ever passed, but a call may be refused for what never came. Therefore a refusal
/// under a range is not told. The call lets go of its range and is made again by one who holds the whole space, when nobody has promised anything.</para>
/// </remarks>
/// <param name="space">Whose totals.</param>
/// <param name="isAlone">The whole space is held.</param>
internal sealed class UsageRoom(AddressSpace space, bool isAlone)
{
    private static readonly ulong s_unlimited = Page.Count(ResourceLimits.Unlimited);

    // The holder's own: what it has promised, by kind.
    private readonly ulong[] _promised = new ulong[AreaUsage.Kinds];

    // The holder's own, in pages, while promises are counted: what it has charged, and by how much the areas' promises have grown.
    private ulong _charged, _grown;

    // The holder's own: everything that this call may yet ask for has been promised.
    private bool _isCovered;

    /// <summary>Something was refused that others' promises may be the cause of.</summary>
    public bool WasRefused { get; private set; }

    /// <summary>RLIMIT_AS and, for data, RLIMIT_DATA admit <paramref name="pages"/> more (<c>mm/mmap.c:may_expand_vm()</c>).</summary>
    public bool MayExpand(AreaFlags flags, ulong pages) => MayExpand(flags, pages, pages);

    /// <summary>The same for a map that replaces others, of which Linux takes any for data: the data may grow by more than it asks for.</summary>
    public bool MayExpand(AreaFlags flags, ulong pages, ulong dataGrowth)
    {
        if (!Fits(UsageKind.Total, pages, pages, Page.Count(space.Limits.AddressSpace))) return false;
        if (!AreaUsage.IsData(flags)) return true;

        // Zero is no limit while the hard limit is infinite, which Valgrind relies on.
        ulong data = space.Limits.Data;
        return data == 0 || Fits(UsageKind.Data, pages, dataGrowth, Page.Count(data));
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
    /// Promises at once all that the call may come to: nothing is refused afterwards. For calls that cannot begin again once they have changed something. True for
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

    /// <summary>Takes the promises back; what came of them is in the totals.</summary>
    public void End()
    {
        // What was charged and not used, and what areas that went had been promised.
        space.Memory.Commit?.Release(unchecked(_charged - _grown));
        _charged = _grown = 0;
        if (isAlone) return;
        for (int kind = 0; kind < _promised.Length; kind++)
        {
            if (_promised[kind] != 0) space.Usage.Promise((UsageKind)kind, 0 - _promised[kind]);
            _promised[kind] = 0;
        }

        _isCovered = WasRefused = false;
    }

    private bool Fits(UsageKind kind, ulong asked, ulong growth, ulong limit)
    {
        if (isAlone) return Total(kind) + asked <= limit;
        if (_isCovered || limit == s_unlimited) return true;
        ulong others = space.Usage.Promise(kind, growth) - growth;
        if (Total(kind) + others + asked <= limit)
        {
            _promised[(int)kind] += growth;
            return true;
        }

        space.Usage.Promise(kind, 0 - growth);
        WasRefused = true;
        return false;
    }

    private ulong Total(UsageKind kind) => kind switch
    {
        UsageKind.Total => space.Usage.Total,
        UsageKind.Data => space.Usage.Data,
        UsageKind.Locked => space.Usage.Locked,
        _ => (ulong)space.Areas.Count,
    };
}
