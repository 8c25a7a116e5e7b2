using System.Diagnostics;
using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Paging;

internal sealed unsafe partial class PageTable
{
    /// <summary>
    /// Takes <paramref name="count"/> empty tables, from those that <paramref name="graveyard"/>, if given, keeps; false, with none taken, if there are not enough frames.
    /// </summary>
    public bool TryReserve(int count, TableGraveyard? graveyard, ref TableReserve reserve)
    {
        for (int i = 0; i < count; i++)
        {
            uint frame = graveyard?.TryTake() ?? PhysicalMemory.NoFrame;
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

    /// <summary>Takes the page-table lock if it is free: the only form allowed inside a section.</summary>
    public bool TryEnterInstall() => _gate.TryEnter();

    /// <summary>Takes the page-table lock; waits for its holder.</summary>
    public void EnterInstall() => _gate.Enter();

    public void ExitInstall() => _gate.Exit();

    /// <summary>
    /// Installs the tables that <paramref name="address"/> lacks, from the reserve; false if the reserve ran out before the lowest table (the walk was outdated).
    /// Under the page-table lock. Parents are re-read here: another thread may have installed them first.
    /// </summary>
    public bool Install(ulong address, ref TableReserve reserve)
    {
        Debug.Assert(_gate.IsHeld, "Tables come under the page-table lock.");
        uint table = Root;
        for (int level = TableLevel.Root; level > TableLevel.Pte; level--)
        {
            ref ulong entry = ref EntryOf(table, address, level);
            var value = new Pte(Native.LoadRelaxed(ref entry));
            if (value.IsNone)
            {
                uint frame = reserve.Take();
                if (frame == 0) return false;
                value = Pte.ForTable(frame);
                _memory.Info(table).Entries++;

                // Release: publishes the frame's zeroes to the acquire load of a walk.
                Native.StoreRelease(ref entry, value.Value);
            }

            table = value.Frame;
        }

        return true;
    }

    /// <summary>Makes sure that <paramref name="address"/> has all its tables. For calls; the caller holds the writer lock, or the lock for read and an area keeps the tables. False: no frame.</summary>
    public bool TryEnsure(ulong address, TableGraveyard? graveyard)
    {
        int missing = Walk(address).MissingTables;
        if (missing == 0) return true;
        var reserve = new TableReserve();
        if (!TryReserve(missing, graveyard, ref reserve)) return false;
        EnterInstall();
        bool installed = Install(address, ref reserve);
        ExitInstall();
        Return(ref reserve);

        // Who removes tables is a writer, and leaves those of live areas: what the walk found is still there.
        Debug.Assert(installed, "Tables cannot vanish under the lock.");
        return true;
    }
}
