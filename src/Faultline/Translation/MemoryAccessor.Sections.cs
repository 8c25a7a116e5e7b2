using System.Diagnostics;
using System.Runtime.CompilerServices;
using Faultline.Sync;

namespace Faultline;

public sealed unsafe partial class MemoryAccessor
{
    /// <summary>
    /// Begins a walker section, the role of "interrupts off": frames and tables that the owner finds from here on are not re-used before it ends. A full
    /// fence: pairs with the one between a shooter's stores (entries, tags, detached tables) and its look at the section word.
    /// </summary>
    /// <remarks>Inside: no lock is spun on, nothing is allocated but from the own magazine, nothing blocks.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void EnterSection()
    {
        ulong section = Native.LoadRelaxed(ref _block->Section);
        if ((section & 1) != 0) ThrowNested();
#if FAULTLINE_EXPLORE
        if (Mutants.Active == Mutant.AnnounceSectionByPlainStore)
        {
            Native.StoreRelease(ref _block->Section, section + 1);
            return;
        }
#endif
        Native.Exchange(ref _block->Section, section + 1);
    }

    /// <summary>Not an assertion: an access beside the thread's own session would end its section and let frames go that its spans show.</summary>
    private static void ThrowNested() =>
        throw new InvalidOperationException("The accessor has a session open: dispose it first, or use the session for the access.");

    /// <summary>Ends the section. Release: what was done inside is visible to whoever waited for the end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void LeaveSection()
    {
        Debug.Assert(IsInSection, "Only an open section can be left.");
        Native.StoreRelease(ref _block->Section, Native.LoadRelaxed(ref _block->Section) + 1);
    }

    /// <summary>Ends the section, so that those who wait for it go ahead, and begins another.</summary>
    internal void RenewSection()
    {
        LeaveSection();
        Native.StoreRelaxed(ref _block->Pending, 0);
        EnterSection();
    }

    /// <summary>Somebody waits for the section to end. A hint: work of many steps looks after each.</summary>
    internal bool IsRenewalDue => Native.LoadRelaxed(ref _block->Pending) != 0;

    internal bool IsInSection => (Native.LoadRelaxed(ref _block->Section) & 1) != 0;

    /// <summary>
    /// Returns once the section that is open now, if one is, has ended. By any thread, after a full fence. Acquire: pairs with the release in
    /// <see cref="LeaveSection"/>.
    /// </summary>
    internal void WaitForSection()
    {
        LockOrder.Waiting(LockRank.Section);
        ulong section = Native.LoadAcquire(ref _block->Section);
        if ((section & 1) == 0) return;
        var backoff = new Backoff();
        while (Native.LoadAcquire(ref _block->Section) == section)
        {
            // Sessions poll this.
            Native.StoreRelaxed(ref _block->Pending, 1);
            backoff.Wait();
        }
    }
}
