using System.Diagnostics;
using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Paging;

internal sealed unsafe partial class PageTable
{
    /// <summary>
    /// Takes <paramref name="count"/> empty tables for <paramref name="address"/>, from those that <paramref name="graveyard"/>, if given, keeps; false, with none taken, if there are not enough frames.
    /// </summary>
    public bool TryReserve(ulong address, int count, TableGraveyard? graveyard, ref TableReserve reserve)
    {
        for (int i = 0; i < count; i++)
        {
            uint frame = graveyard?.TryTake(address) ?? PhysicalMemory.NoFrame;
            if (frame == PhysicalMemory.NoFrame)
            {
                frame = _memory.Frames.TryAllocate(_group);
                if (frame == PhysicalMemory.NoFrame)
                {
                    Return(ref reserve);
                    return false;
                }

                PrepareTable(frame);
            }

            Debug.Assert(FrameContents.IndexOfOther(_memory.Address(frame), 0) < 0, "A new table has no entries.");
            reserve.Put(frame);
        }

        return true;
    }

    /// <summary>Gives unused reserved frames back.</summary>
    public void Return(ref TableReserve reserve)
    {
        for (uint frame = reserve.Take(); frame != 0; frame = reserve.Take()) _memory.Frames.Free(frame);
    }

    /// <summary>
    /// Installs the tables that <paramref name="address"/> lacks, from the reserve; false if the reserve ran out before the lowest table (the walk was outdated).
    /// Under the gate of its span. Parents are re-read here: another thread may have installed them first.
    /// </summary>
    public bool Install(ulong address, ref TableReserve reserve)
    {
        Debug.Assert(GateOf(address).IsHeld, "Tables come under their span's gate.");
        uint table = Root;
        for (int level = TableLevel.Root; level > TableLevel.Pte; level--)
        {
            // Acquire: as in a walk; tables of other spans come without our gate.
            ref ulong entry = ref EntryOf(table, address, level);
            var value = new Pte(Native.LoadAcquire(ref entry));
            if (value.IsNone && !TryPut(table, level, ref entry, ref reserve, out value)) return false;
            table = value.Frame;
        }

        return true;
    }

    /// <summary>Puts a table into an entry that was none; false without one to put there.</summary>
    /// <remarks>The parent is part of the tables: what is installed here is for an area that stays in the tree while the gate is held, and who takes tables out looks for areas (<see cref="TryDetach"/>).</remarks>
    private bool TryPut(uint parent, int level, ref ulong entry, ref TableReserve reserve, out Pte value)
    {
        ref FrameInfo info = ref _memory.Info(parent);
        bool isUpper = level > TableLevel.Pmd;
#if FAULTLINE_EXPLORE
        isUpper &= Mutants.Active != Mutant.SkipUpperTableLock;
#endif
        if (isUpper) UpperTableLock.Enter(ref info, level);
        value = new Pte(Native.LoadRelaxed(ref entry));
        if (value.IsNone && reserve.Take() is not PhysicalMemory.NoFrame and var frame)
        {
            value = Pte.ForTable(frame);
            info.Entries++;

            // Release: publishes the frame's zeroes to the acquire load of a walk.
            Native.StoreRelease(ref entry, value.Value);
        }

        if (isUpper) UpperTableLock.Exit(ref info, level);
        return !value.IsNone;
    }

    /// <summary>Makes sure that <paramref name="address"/> has all its tables. For calls; the caller holds the writer lock, or the lock for read and an area keeps the tables. False: no frame.</summary>
    public bool TryEnsure(ulong address, TableGraveyard? graveyard)
    {
        int missing = Walk(address).MissingTables;
        if (missing == 0) return true;
        var reserve = new TableReserve();
        if (!TryReserve(address, missing, graveyard, ref reserve)) return false;
        EnterInstall(address);
        bool installed = Install(address, ref reserve);
        ExitInstall(address);
        Return(ref reserve);

        // Who removes tables is a writer, and leaves those of live areas: what the walk found is still there.
        Debug.Assert(installed, "Tables cannot vanish under the lock.");
        return true;
    }
}
