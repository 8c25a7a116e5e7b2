namespace Faultline.Paging;

internal static partial class PageOperations
{
    /// <summary>
    /// Frees the tables that the zapped range [start, end) needed and no area of the rest does. [gapStart, gapEnd) is the hole around it: from the end of
    /// the area before to the start of the area after.
    /// </summary>
    public static ulong FreeTables(AddressSpace space, ulong start, ulong end, ulong gapStart, ulong gapEnd) =>
        space.PageTable.FreeGap(start, end, gapStart, gapEnd, space.Graveyard);
}
