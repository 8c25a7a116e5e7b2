namespace Faultline.Paging;

/// <summary>Index arithmetic of the four levels. Level 0 is the lowest: its entries map pages.</summary>
/// <remarks>
/// <code>
///   47        39 38        30 29        21 20        12 11         0
///  +------------+------------+------------+------------+------------+
///  | level 3    | level 2    | level 1    | level 0    | offset     |
///  | (pgd)      | (pud)      | (pmd)      | (pte)      | in page    |
///  +------------+------------+------------+------------+------------+
/// </code>
/// </remarks>
internal static class TableLevel
{
    public const int IndexBits = 9;
    public const int EntriesPerTable = 1 << IndexBits;
    public const int Pte = 0;
    public const int Pmd = Pte + 1;
    public const int Pud = Pmd + 1;
    public const int Root = Pud + 1;

    /// <summary>
    /// The lower half of the addresses, which the first half of the root covers, ends here: a page above the last user address (Linux <c>TASK_SIZE</c>).
    /// </summary>
    public const ulong LowerHalfEnd = 1UL << (Page.Shift + ((Root + 1) * IndexBits) - 1);

    /// <summary>Bytes that one entry of <paramref name="level"/> covers, as a shift.</summary>
    public static int Shift(int level) => Page.Shift + (level * IndexBits);

    /// <summary>Bytes that one entry of <paramref name="level"/> covers.</summary>
    public static ulong Span(int level) => 1UL << Shift(level);

    public static int Index(ulong address, int level) => (int)(address >> Shift(level)) & (EntriesPerTable - 1);

    /// <summary>The first address after <paramref name="address"/> that another entry of <paramref name="level"/> covers.</summary>
    public static ulong Next(ulong address, int level) => (address | (Span(level) - 1)) + 1;
}
