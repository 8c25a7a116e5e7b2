using System.Diagnostics;
using Faultline.Areas;
using Faultline.Physical;
using Faultline.Sync;
using Faultline.Translation;

namespace Faultline.Paging;

/// <content>Pages whose contents somebody uses besides the mappings (Linux <c>mm/gup.c</c>).</content>
internal static partial class PageOperations
{
    /// <summary>
    /// Pins the pages of [start, end), which lies in <paramref name="area"/>, up to the first that cannot be pinned as it is. Under a read lock over the live area. Never waits.
    /// </summary>
    /// <param name="space">Whose pages.</param>
    /// <param name="area">The area, which allows the use.</param>
    /// <param name="start">First page.</param>
    /// <param name="end">First byte after the last page.</param>
    /// <param name="mode">For what.</param>
    /// <param name="frames">Gets the frames; room for all.</param>
    /// <param name="obstacle">What is the matter with the first page that was not pinned.</param>
    /// <returns>Pages that were pinned.</returns>
    public static int Pin(AddressSpace space, VmArea area, ulong start, ulong end, PinMode mode, Span<uint> frames, out PinObstacle obstacle)
    {
        int count = 0;
        obstacle = PinObstacle.None;
        TableCursor tables = TablesOf(space, start, end);
        for (ulong position = start; position < end; position = tables.End)
        {
            if (!tables.MoveNext() || tables.Start != position)
            {
                obstacle = PinObstacle.Fault;
                break;
            }

            PteLock.Enter(ref tables.Info);
            for (; position < tables.End; position += Page.Size)
            {
                obstacle = TryPin(space, area, position, ref tables.Entry(position), mode, out uint frame);
                if (obstacle != PinObstacle.None) break;
                frames[count++] = frame;
            }

            PteLock.Exit(ref tables.Info);
            if (obstacle != PinObstacle.None) break;
        }

        return count;
    }

    /// <summary>Gives a page up. Any thread, outside sections and spin locks.</summary>
    public static void Unpin(PhysicalMemory memory, uint frame, PinMode mode)
    {
        if (frame == PhysicalMemory.ZeroFrame) return;
        if ((mode & PinMode.Peek) == 0) FrameReferences.Unpin(ref memory.Info(frame));
        memory.Release(frame);
    }

    /// <remarks>
    /// A private page is pinned only while it is exclusive, and a fork leaves a pinned page so: whoever writes to the memory writes to the frame that the user of the pin sees.
    /// Without that (Linux before 5.9, CVE-2020-29374 and its kin):
    /// <code>
    ///   user of the pin                  owner of the memory
    ///   pin: frame F
    ///                                    fork: F is read-only for both
    ///                                    write: copied to G
    ///   writes to F: lost
    /// </code>
    /// </remarks>
    private static PinObstacle TryPin(AddressSpace space, VmArea area, ulong address, ref ulong entry, PinMode mode, out uint frame)
    {
        var value = new Pte(Native.LoadRelaxed(ref entry));
        bool isWrite = (mode & PinMode.Write) != 0;
        frame = value.Frame;
        if (!value.HasPage || (isWrite && !value.IsWritable)) return PinObstacle.Fault;
        if (!NormalPage.Is(space, area, address, value))
        {
            if (frame != PhysicalMemory.ZeroFrame) return PinObstacle.Refused;
            return (mode & PinMode.LongTerm) != 0 ? PinObstacle.Shared : PinObstacle.None;
        }

        ref FrameInfo info = ref space.Memory.Info(frame);
        if ((mode & PinMode.Peek) != 0)
        {
            Native.Add(ref info.Refs, 1);
        }
        else
        {
            if (!IsOwn(area, ref info, mode)) return PinObstacle.Shared;
            FrameReferences.Pin(ref info);
        }

        // As if the page had been accessed: the user may write after a MADV_FREE or a write-back that has not seen it do so.
        ulong used = isWrite ? Pte.UseBits : Pte.AccessedBit;
        if ((value.Value & used) != used) Native.Or(ref entry, used);
        return PinObstacle.None;
    }

    /// <summary>True if a private page is no other space's, and not about to be replaced by the area's first write. Under the table's lock.</summary>
    private static bool IsOwn(VmArea area, ref FrameInfo frame, PinMode mode)
    {
        if (area.Has(AreaFlags.Shared)) return true;
        if (!frame.Is(FrameState.Anonymous)) return (mode & PinMode.LongTerm) == 0;
        if (frame.Is(FrameState.Exclusive)) return true;

        // The other side of the fork has gone: see CopyOnWriteFault.MayReuse.
        if (Native.LoadAcquire(ref frame.Refs) != 1) return false;
        frame.Set(FrameState.Exclusive);
        return true;
    }

    /// <summary>
    /// Gives a read-only page of a private area a frame of its own, <paramref name="target"/>, without making it writable (Linux <c>FAULT_FLAG_UNSHARE</c>). False, with the target
    /// still the caller's: there is no need any more. Under a read lock over the live area, which has an AnonVma.
    /// </summary>
    /// <remarks>As a write to the page does: clear → shoot down → install, under the lock. The copy is made there too: with the entry in place the frame stays.</remarks>
    public static bool TryUnshare(AddressSpace space, VmArea area, ulong address, uint target)
    {
        PhysicalMemory memory = space.Memory;
        TableCursor tables = TablesOf(space, address, address + Page.Size);
        if (!tables.MoveNext()) return false;
        ref FrameInfo table = ref tables.Info;
        PteLock.Enter(ref table);
        ref ulong entry = ref tables.Entry(address);
        var old = new Pte(Native.LoadRelaxed(ref entry));
        bool isNormal = old.HasPage && NormalPage.Is(space, area, address, old);
        bool isShared = isNormal ? !old.IsWritable && !IsOwn(area, ref memory.Info(old.Frame), PinMode.LongTerm) : old.HasPage && old.Frame == PhysicalMemory.ZeroFrame;
        if (isShared)
        {
            if (isNormal) memory.Copy(from: old.Frame, to: target);
            else memory.Zero(target);

            // Exchange: a lock-free fill may be setting accessed.
            old = new Pte(Native.Exchange(ref entry, 0));
            ShootDownAlone(space, ref table, address);
            FrameReferences.BirthAnonymous(ref memory.Info(target), area.PageIndex(address), area.AnonVma!.FamilyId);

            // Release: whoever finds the frame through the entry sees its contents.
            Native.StoreRelease(ref entry, Pte.ForPage(target, PteRights.ReadOnly(area) | Pte.UseBits | (old.Value & Pte.UserProtectedBit)).Value);
            if (isNormal) LetGo(memory, old.Frame);
        }

        PteLock.Exit(ref table);
        return isShared;
    }

    /// <summary>Takes one page from all accessors. Under the table's lock: sections only try it.</summary>
    private static void ShootDownAlone(AddressSpace space, ref FrameInfo table, ulong address)
    {
        // The order of TlbGather.Cleared: generation, full fence, accessors.
        Native.StoreRelaxed(ref table.Generation, table.Generation + 1);
        Fence.Full();
        Shootdown.Invalidate(space, Native.LoadAcquire(ref table.Accessors), address, address + Page.Size);
    }

    /// <summary>Gives up the hold of an entry that is gone, and that no accessor can reach any more.</summary>
    private static void LetGo(PhysicalMemory memory, uint frame)
    {
        ref FrameInfo info = ref memory.Info(frame);
        FrameReferences.RemoveMapping(ref info);
        if (FrameReferences.DropReference(ref info)) memory.Frames.Free(frame);
    }

    /// <summary>The entry maps a private page that is pinned. Under the table's lock, so that nobody pins it meanwhile.</summary>
    private static bool IsPinnedPage(AddressSpace space, VmArea area, ulong address, Pte value)
    {
#if FAULTLINE_EXPLORE
        if (Mutants.Active == Mutant.ForkSharesPinnedPages) return false;
#endif
        if (!value.HasPage || !NormalPage.Is(space, area, address, value)) return false;
        ref FrameInfo frame = ref space.Memory.Info(value.Frame);
        return frame.Is(FrameState.Anonymous) && frame.IsPinned;
    }

    /// <summary>
    /// The child's entry of a pinned page: a copy in <paramref name="spare"/> (Linux <c>mm/memory.c:copy_present_page()</c>). The parent's stays writable, so words that its other
    /// threads write meanwhile may or may not be in the copy.
    /// </summary>
    private static Pte CopyPinned(PhysicalMemory memory, Pte value, ref uint spare)
    {
        ref FrameInfo from = ref memory.Info(value.Frame);
        Debug.Assert(from.Is(FrameState.Exclusive), "A pinned private page is nobody else's.");
        memory.Copy(from: value.Frame, to: spare);
        FrameReferences.BirthAnonymous(ref memory.Info(spare), from.OwnerIndex, from.OwnerId);
        Pte copied = value.WithFrame(spare).Without(Pte.AccessedBit).With(Pte.DirtyBit);
        spare = PhysicalMemory.NoFrame;
        return copied;
    }
}
