namespace Faultline.Locking;

/// <summary>What the holder of an address space's lock, or the thread that waits for it, is doing.</summary>
/// <remarks>Statistics only; no rule of the lock depends on it. A new member goes before <see cref="Exit"/>.</remarks>
public enum LockUser : byte
{
    /// <summary>Serving a page fault.</summary>
    Fault,

    /// <summary>Growing a stack area down, which replaces the area.</summary>
    StackGrowth,

    /// <summary>mmap.</summary>
    Map,

    /// <summary>munmap.</summary>
    Unmap,

    /// <summary>mprotect.</summary>
    Protect,

    /// <summary>mremap.</summary>
    Remap,

    /// <summary>madvise.</summary>
    Advise,

    /// <summary>brk.</summary>
    Brk,

    /// <summary>fork.</summary>
    Fork,

    /// <summary>The mlock family.</summary>
    MemoryLock,

    /// <summary>Faulting pages in ahead of their use: MAP_POPULATE, MADV_POPULATE_READ and _WRITE, mlock.</summary>
    Populate,

    /// <summary>Reading the areas or their pages: maps, smaps, mincore, remote access.</summary>
    Query,

    /// <summary>msync, while it looks for what to write.</summary>
    Sync,

    /// <summary>Tearing the space down: exit and exec.</summary>
    Exit,
}

/// <summary>Facts about <see cref="LockUser"/> as a set.</summary>
internal static class LockUsers
{
    /// <summary>Number of kinds: the side of the blame matrix.</summary>
    public const int Count = (int)LockUser.Exit + 1;
}
