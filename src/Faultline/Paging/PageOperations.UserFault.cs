using System.Diagnostics;
using Faultline.Areas;
using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Paging;

internal static partial class PageOperations
{
    /// <summary>
    /// Installs <paramref name="frame"/>, fresh with its contents made, or the zero frame, at an address that has no entry; false if it has one. Under a read lock over
    /// the area; the table exists.
    /// </summary>
    public static bool TryFill(AddressSpace space, VmArea area, ulong address, uint frame, bool writeProtect)
    {
        TableCursor tables = TablesOf(space, address, address + Page.Size);
        bool found = tables.MoveNext();
        Debug.Assert(found, "The table was ensured, and the area keeps it.");
        ref FrameInfo table = ref tables.Info;
        PteLock.Enter(ref table);
        ref ulong entry = ref tables.Entry(address);
        bool isFree = Native.LoadRelaxed(ref entry) == 0;
        if (isFree)
        {
            bool isZero = frame == PhysicalMemory.ZeroFrame;
            if (!isZero) FrameReferences.BirthAnonymous(ref space.Memory.Info(frame), area.PageIndex(address), area.AnonVma!.FamilyId);
            ulong bits = PteRights.ReadOnly(area) | (isZero ? NormalPage.RawBit(space) : Pte.UseBits);
            if (writeProtect) bits |= Pte.UserProtectedBit;
            else if (!isZero && area.Has(AreaFlags.Write)) bits |= Pte.WritableBit;
            table.Entries++;

            // Release: whoever finds the frame through the entry sees its contents.
            Native.StoreRelease(ref entry, Pte.ForPage(frame, bits).Value);
        }

        PteLock.Exit(ref table);
        return isFree;
    }

    /// <summary>
    /// Marks the pages of [start, end) so that writes ask the area's handler, and takes their write permission; or takes the marks away, after which the next write finds
    /// out by itself whether it needs a copy. Under the writer lock; the areas may be even: a fault that is about to install finds its entry changed.
    /// </summary>
    public static void UserProtect(AddressSpace space, ulong start, ulong end, bool protect)
    {
        var gather = new TlbGather(space, default);
        TableCursor tables = TablesOf(space, start, end);
        while (tables.MoveNext())
        {
            ref FrameInfo table = ref tables.Info;
            PteLock.Enter(ref table);
            bool restricted = false;
            for (ulong address = tables.Start; table.Entries != 0 && address < tables.End; address += Page.Size)
            {
                ref ulong entry = ref tables.Entry(address);
                var old = new Pte(Native.LoadRelaxed(ref entry));
                if (old.Absent == AbsentKind.Swap)
                {
                    // The page comes back with the mark, see SwapFault.
                    Native.StoreRelaxed(ref entry, (protect ? old.With(Pte.UserProtectedBit) : old.Without(Pte.UserProtectedBit)).Value);
                }

                if (!old.HasPage) continue;
                for (ulong found; ; old = new Pte(found))
                {
                    // A lock-free fill may set accessed and dirty at any time: they must not be lost.
                    Pte changed = protect ? old.With(Pte.UserProtectedBit).Without(Pte.WritableBit) : old.Without(Pte.UserProtectedBit);
                    found = Native.CompareExchange(ref entry, changed.Value, old.Value);
                    if (found != old.Value) continue;
                    restricted |= PteRights.LosesRights(old, changed);
                    break;
                }
            }

            if (restricted) gather.Cleared(ref table, tables.Start, tables.End);
            PteLock.Exit(ref table);
        }

        gather.Flush();
    }
}
