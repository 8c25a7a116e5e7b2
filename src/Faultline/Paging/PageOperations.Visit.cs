using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Paging;

/// <summary>Looks at entries, one after the other. A struct, so that the walk is specialised to it.</summary>
internal interface IPageVisitor
{
    /// <summary>
    /// The page at <paramref name="address"/> has <paramref name="entry"/>; <paramref name="frame"/> is its frame, or that of number 0. Under the table's lock: no waiting, no faults.
    /// </summary>
    void Visit(ulong address, Pte entry, ref FrameInfo frame);
}

internal static partial class PageOperations
{
    /// <summary>Visits the entries of [start, end) that are not empty, under a read lock over live areas.</summary>
    public static void Visit<TVisitor>(AddressSpace space, ulong start, ulong end, ref TVisitor visitor)
        where TVisitor : struct, IPageVisitor, allows ref struct => Visit(space, start, end, int.MaxValue, ref visitor);

    /// <summary>As above, in at most so many tables; returns where to go on.</summary>
    public static ulong Visit<TVisitor>(AddressSpace space, ulong start, ulong end, int mostTables, ref TVisitor visitor)
        where TVisitor : struct, IPageVisitor, allows ref struct
    {
        TableCursor tables = TablesOf(space, start, end);
        for (int visited = 0; tables.MoveNext(); visited++)
        {
            if (visited == mostTables) return tables.Start;
            ref FrameInfo table = ref tables.Info;
            PteLock.Enter(ref table);
            for (ulong address = tables.Start; table.Entries != 0 && address < tables.End; address += Page.Size)
            {
                var value = new Pte(Native.LoadRelaxed(ref tables.Entry(address)));
                if (!value.IsNone) visitor.Visit(address, value, ref space.Memory.Info(value.HasPage ? value.Frame : PhysicalMemory.NoFrame));
            }

            PteLock.Exit(ref table);
        }

        return end;
    }
}
