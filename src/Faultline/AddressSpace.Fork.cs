using System.Runtime.InteropServices;
using Faultline.Areas;
using Faultline.Locking;
using Faultline.Paging;

namespace Faultline;

/// <content><c>fork</c>.</content>
public sealed partial class AddressSpace
{
    /// <summary>Makes a copy-on-write copy; see <see cref="TryFork"/>.</summary>
    /// <exception cref="AddressSpaceException">The call failed.</exception>
    public AddressSpace Fork()
    {
        ThrowIfFailed("fork", TryFork(out AddressSpace? child));
        return child!;
    }

    /// <summary>
    /// Makes a copy-on-write copy (<c>fork</c>; Linux <c>mm/mmap.c:dup_mmap()</c>): private pages are shared until one side writes, shared pages for good. Not
    /// inherited: areas advised <see cref="Advice.DontFork"/>, the pages of those advised <see cref="Advice.WipeOnFork"/>, and memory locks.
    /// </summary>
    /// <param name="child">The new space, with the same options and limits; null if the call failed.</param>
    /// <returns>ENOMEM: overcommit, or no frame for the child's tables. EINTR: killed.</returns>
    public Errno TryFork(out AddressSpace? child)
    {
        EnterCall();
        child = null;
        if (PageTable.TryCreate(Memory, Options.MemoryGroup) is not { } table) return Errno.ENOMEM;
        var copy = new AddressSpace(this, table);
        bool complete = false;
        ulong charged = 0;
        if (!MmapLock.TryEnterWrite(LockUser.Fork, FatalSignal))
        {
            copy.Dispose();
            return Errno.EINTR;
        }

        try
        {
            foreach (VmArea area in Areas.Range(0, UserSpace.End))
            {
                if (!area.Has(AreaFlags.Account) || area.Has(AreaFlags.DontCopy)) continue;
                if (!TryCommit(area.Pages)) return Errno.ENOMEM;
                charged += area.Pages;
            }

            complete = CopyTo(copy);
        }
        finally
        {
            MmapLock.ExitWrite();

            // What came into the child is the child's to give back.
            Memory.Commit?.Release(charged - copy.Usage.Committed);
            if (!complete) copy.Dispose();
        }

        if (!complete) return Errno.ENOMEM;
        child = copy;
        return Errno.None;
    }

    /// <summary>False if frames ran out; the child then holds a part.</summary>
    private bool CopyTo(AddressSpace child)
    {
        // Parent before child. Nobody knows the child, but what its tables are changed under is the same lock for all.
        child.MmapLock.EnterWrite(LockUser.Fork);
        try
        {
            // Only now: a brk that came before this lock has its area among those that are copied.
            child._brkStart = _brkStart;
            child._brk.StoreRelaxed(_brk.LoadRelaxed());
            child._stackStart = _stackStart;

            // No speculative fault may make a page of the parent writable between its write protection and the shootdown.
            BeginFork();
            PageTable.SynchronizeWithInstallers(0, UserSpace.End);
            bool complete = child.Inherit(this);

            // Also after a failure: what was write-protected must be so for everybody before a fault may trust an entry.
            PageOperations.FlushAfterFork(this);
            EndFork();
            return complete;
        }
        finally
        {
            child.MmapLock.ExitWrite();
        }
    }

    private void BeginFork()
    {
#if FAULTLINE_EXPLORE
        if (Sync.Mutants.Active == Sync.Mutant.ForkKeepsAreasEven) return;
#endif
        foreach (VmArea area in Areas.Range(0, UserSpace.End)) area.BeginChange();
    }

    private void EndFork()
    {
#if FAULTLINE_EXPLORE
        if (Sync.Mutants.Active == Sync.Mutant.ForkKeepsAreasEven) return;
#endif
        foreach (VmArea area in Areas.Range(0, UserSpace.End)) area.EndChange();
    }

    /// <summary>Copies areas and pages; both locks held for write, the parent's areas odd.</summary>
    private bool Inherit(AddressSpace parent)
    {
        var pairs = new List<(VmArea Parent, VmArea Child)>();
        var areas = new List<VmArea>();
        foreach (VmArea area in parent.Areas.Range(0, UserSpace.End))
        {
            if (area.Has(AreaFlags.DontCopy)) continue;

            // Pages written from now on belong to the child alone (mm/rmap.c:anon_vma_fork()); memory never written has nothing to share.
            AnonVma? anon = area.AnonVma is { } parentAnon && !area.Has(AreaFlags.WipeOnFork) ? new AnonVma(this, parentAnon) : null;
            var inherited = new VmArea(area.Start, area.End, area.Flags & ~(AreaFlags.LockMask | AreaFlags.UserFaultMask), area.PageOffset, area.File, anon);
            inherited.HoldFile(this);
            _change.Room.Add(inherited);
            areas.Add(inherited);

            // Before the pages come: once they are shared both sides must be found, or a fork of all memory would keep all memory from being reclaimed.
            AnonVma.Link(inherited);
            if (anon is not null) pairs.Add((area, inherited));
        }

        Areas.Replace([], CollectionsMarshal.AsSpan(areas));
        bool complete = true;
        foreach ((VmArea from, VmArea to) in pairs)
        {
            // Only private pages are copied: a fault finds all others in their object (mm/memory.c:vma_needs_copy()).
            complete = complete && PageOperations.CopyForFork(parent, this, from, to);
        }

        foreach (VmArea area in areas) area.EndChange();
        return complete;
    }
}
