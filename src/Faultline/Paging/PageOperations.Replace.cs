using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Paging;

internal static partial class PageOperations
{
    /// <summary>
    /// Moves the page at <paramref name="address"/> to the frame <paramref name="target"/>, which the caller owns and which is used up (Linux
    /// <c>mm/migrate.c:migrate_pages()</c>). False, with the target still the caller's: no private page that this entry alone holds. Under a read lock over the
    /// area; a fault that wants the page waits, on the classic path.
    /// </summary>
    /// <remarks>
    /// <code>
    ///   migration                               accessor                        MADV_DONTNEED (read lock too)
    ///   entry := migration (table lock)
    ///   shoot down: nobody writes any more
    ///                                           fault: migration entry, waits
    ///   copy                                                                    clears the entry
    ///   entry still the migration entry?
    ///     yes: entry := new frame               goes on
    ///     no: both frames go home               finds a fresh page
    /// </code>
    /// The frame's one reference is the mover's from the first step on, so whoever drops the entry drops no page.
    /// </remarks>
    public static bool TryMigrate(AddressSpace space, ulong address, uint target)
    {
        PhysicalMemory memory = space.Memory;
        Pte old = Withdraw(space, address, AbsentKind.Migration);
        if (old.IsNone) return false;
        memory.Copy(from: old.Frame, to: target);
        if (!TryArrive(space, address, old, target)) memory.Frames.Free(target);
        memory.Frames.Free(old.Frame);
        return true;
    }

    /// <summary>
    /// The first address of the range, from <paramref name="start"/> on, whose entry holds a page; <paramref name="end"/> if none does. A huge area may have a few. Under a
    /// read lock over the area: others may change what was seen.
    /// </summary>
    public static ulong NextPage(AddressSpace space, ulong start, ulong end)
    {
        TableCursor tables = TablesOf(space, start, end);
        while (tables.MoveNext())
        {
            for (ulong page = tables.Start; page < tables.End; page += Page.Size)
            {
                if (new Pte(Native.LoadRelaxed(ref tables.Entry(page))).HasPage) return page;
            }
        }

        return end;
    }

    /// <summary>
    /// Takes the frame at <paramref name="address"/> out of service, as after a hardware error (Linux <c>mm/memory-failure.c:memory_failure()</c>): whoever
    /// touches the page from now on gets SIGBUS. False: no private page that this entry alone holds. Under a read lock over the area.
    /// </summary>
    public static bool TryPoison(AddressSpace space, ulong address)
    {
        Pte old = Withdraw(space, address, AbsentKind.HardwarePoison);
        if (old.IsNone) return false;
        space.Memory.Frames.Retire(old.Frame);
        return true;
    }

    /// <summary>Replaces the entry of a page that it alone holds by one without a page. No access reaches the frame any more, whose reference is the caller's.</summary>
    private static Pte Withdraw(AddressSpace space, ulong address, AbsentKind kind)
    {
        var gather = new TlbGather(space, default);
        TableCursor tables = TablesOf(space, address, address + Page.Size);
        if (!tables.MoveNext()) return Pte.None;
        ref FrameInfo table = ref tables.Info;
        PteLock.Enter(ref table);
        ref ulong entry = ref tables.Entry(address);
        var old = new Pte(Native.LoadRelaxed(ref entry));
        if (!old.HasPage || !IsSoleHolder(ref space.Memory.Info(old.Frame)))
        {
            PteLock.Exit(ref table);
            return Pte.None;
        }

        // Exchange: a lock-free fill may be setting accessed and dirty.
        old = new Pte(Native.Exchange(ref entry, Pte.ForAbsent(kind, old.Frame).Value));
        ref FrameInfo frame = ref space.Memory.Info(old.Frame);
        FrameReferences.RemoveMapping(ref frame);
        gather.Cleared(ref table, address, address + Page.Size);
        PteLock.Exit(ref table);
        gather.Flush();
        bool last = FrameReferences.DropReference(ref frame);
        System.Diagnostics.Debug.Assert(last, "Nobody can gain a reference to a page but through its entry.");
        return old;
    }

    /// <summary>Under the table's lock: one reference is this entry's, and nobody can gain another but through it. A pin is one more.</summary>
    private static bool IsSoleHolder(ref FrameInfo frame) =>
        frame.Is(FrameState.Anonymous) && Native.LoadAcquire(ref frame.Refs) == 1;

    /// <summary>Gives the page its new frame; false if its entry has been dropped meanwhile.</summary>
    private static bool TryArrive(AddressSpace space, ulong address, Pte old, uint target)
    {
        TableCursor tables = TablesOf(space, address, address + Page.Size);
        if (!tables.MoveNext()) return false;
        ref FrameInfo table = ref tables.Info;
        PteLock.Enter(ref table);
        ref ulong entry = ref tables.Entry(address);
        bool waiting = Native.LoadRelaxed(ref entry) == Pte.ForAbsent(AbsentKind.Migration, old.Frame).Value;
        if (waiting)
        {
            ref FrameInfo from = ref space.Memory.Info(old.Frame);
            FrameReferences.BirthAnonymous(ref space.Memory.Info(target), from.OwnerIndex, from.OwnerId);

            // Release: whoever finds the frame through the entry sees its contents.
            Native.StoreRelease(ref entry, old.WithFrame(target).Value);
        }

        PteLock.Exit(ref table);
        return waiting;
    }
}
