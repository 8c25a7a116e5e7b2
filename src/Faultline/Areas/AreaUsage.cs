using Faultline.Sync;

namespace Faultline.Areas;

/// <summary>Areas of an address space and their pages by kind, as the limits count them.</summary>
/// <remarks>
/// <para>Linux keeps the same numbers in <c>mm_struct</c> and changes them call by call (<c>mm/mmap.c:vm_stat_account()</c>); here every area that
/// enters or leaves the tree is counted in one place, so no call can forget one.</para>
/// <para>Writers under ranges would meet in these words twice in each call. So they take from them in advance, and keep what they give back, in rooms of their own
/// (<see cref="UsageRoom"/>; Linux's <c>percpu_counter</c>):</para>
/// <code>
///   taken = what is mapped + what calls under way may yet map + what the rooms keep        taken ≤ limit
/// </code>
/// <para>Who holds the whole space finds no call under way, and may take back what the rooms keep: his answer is exact.</para>
/// </remarks>
internal sealed class AreaUsage
{
    /// <summary>How many totals there are: the number of <see cref="UsageKind"/>s.</summary>
    public const int Kinds = (int)UsageKind.Committed + 1;

    // By kind. Compare-and-swap and additions by writers under ranges; nothing else is read because of them. Plain stores by who holds the whole space.
    private readonly Word64[] _taken = new Word64[Kinds];

    // Every room that may keep something, in an array that is replaced, by compare-and-swap, when one is added.
    private Ref<UsageRoom[]> _rooms = new([]);

    /// <summary>All mapped pages (<c>total_vm</c>), which RLIMIT_AS limits.</summary>
    public ulong Total => Count(UsageKind.Total);

    /// <summary>Private writable pages (<c>data_vm</c>), which RLIMIT_DATA limits.</summary>
    public ulong Data => Count(UsageKind.Data);

    /// <summary>Pages of locked areas (<c>locked_vm</c>), which RLIMIT_MEMLOCK limits.</summary>
    public ulong Locked => Count(UsageKind.Locked);

    /// <summary>Pages of areas that are counted against the overcommit limit.</summary>
    public ulong Committed => Count(UsageKind.Committed);

    /// <summary>Areas (<c>map_count</c>).</summary>
    public ulong Areas => Count(UsageKind.Areas);

    /// <summary>Exact for who holds the whole space. Beside calls under ranges: as it was before them, and never above a limit that they obey.</summary>
    public ulong Count(UsageKind kind)
    {
        ulong taken = Taken(kind), kept = Kept(kind);
        return taken - Math.Min(taken, kept);
    }

    /// <summary>What is counted and what rooms keep. Never below the truth.</summary>
    public ulong Taken(UsageKind kind) => _taken[(int)kind].LoadRelaxed();

    /// <summary>Adds to what is taken, whatever the limit.</summary>
    public void Take(UsageKind kind, long growth) => _taken[(int)kind].Add(growth);

    /// <summary>The same by who holds the whole space.</summary>
    public void TakeAlone(UsageKind kind, long growth)
    {
        ref Word64 word = ref _taken[(int)kind];
        word.StoreRelaxed(unchecked(word.LoadRelaxed() + (ulong)growth));
    }

    /// <summary>Takes <paramref name="growth"/> if <paramref name="asked"/> more is within the limit.</summary>
    public bool TryTake(UsageKind kind, ulong asked, ulong growth, ulong limit)
    {
        ref Word64 word = ref _taken[(int)kind];
        ulong taken = word.LoadRelaxed();
        while (asked <= limit && taken <= limit - asked)
        {
            ulong found = word.CompareExchange(taken + growth, taken);
            if (found == taken) return true;
            taken = found;
        }

        return false;
    }

    /// <summary>Nothing is kept any more: what is taken is what there is. By who holds the whole space.</summary>
    public void TakeBack(UsageKind kind)
    {
        foreach (UsageRoom room in _rooms.LoadAcquire()) TakeAlone(kind, -room.GiveUp(kind));
    }

    /// <summary>Takes a room into account that may keep something from now on, for ever.</summary>
    public void Register(UsageRoom room)
    {
        UsageRoom[] rooms = _rooms.LoadAcquire();
        while (true)
        {
            UsageRoom[] found = _rooms.CompareExchange([.. rooms, room], rooms);
            if (found == rooms) return;
            rooms = found;
        }
    }

    /// <summary>Private, writable and not a stack (<c>is_data_mapping()</c>).</summary>
    public static bool IsData(AreaFlags flags) => (flags & (AreaFlags.Write | AreaFlags.Shared | AreaFlags.GrowsDown)) == AreaFlags.Write;

    /// <summary>Private writable memory that did not ask to be left out (<c>mm/vma.c:accountable_mapping()</c>).</summary>
    public static bool IsAccountable(AreaFlags flags) => (flags & (AreaFlags.NoReserve | AreaFlags.Shared | AreaFlags.Write)) == AreaFlags.Write;

    // Rooms change meanwhile, unless the caller holds the whole space.
    private ulong Kept(UsageKind kind)
    {
        ulong kept = 0;
        foreach (UsageRoom room in _rooms.LoadAcquire()) kept += room.Unused(kind);
        return kept;
    }
}

/// <summary>A total of an address space.</summary>
internal enum UsageKind
{
    /// <summary>Mapped pages: RLIMIT_AS.</summary>
    Total,

    /// <summary>Private writable pages: RLIMIT_DATA.</summary>
    Data,

    /// <summary>Pages of locked areas: RLIMIT_MEMLOCK.</summary>
    Locked,

    /// <summary>Areas: the map count.</summary>
    Areas,

    /// <summary>Pages that count against overcommit; limited request by request only.</summary>
    Committed,
}
