namespace Faultline.Paging;

/// <summary>
/// What calls do to the pages of a range. The caller holds the writer lock with the areas of the range odd and installers
/// synchronised (<see cref="PageTable.SynchronizeWithInstallers"/>), unless a method says that less is enough.
/// </summary>
internal static partial class PageOperations
{
    private static TableCursor TablesOf(AddressSpace space, ulong start, ulong end) =>
        new(space.Memory, space.PageTable.Root, start, end);
}
