using System.Runtime.InteropServices;
using Faultline.Sync;

namespace Faultline.Paging;

/// <summary>Linux's <c>page_table_lock</c> in parts, so that threads whose tables come and go in different places do not meet.</summary>
/// <remarks>
/// <code>
///   level 3   root       entries, count: <see cref="UpperTableLock"/> of the table
///   level 2   512 GiB    entries, count: <see cref="UpperTableLock"/> of the table
///   level 1     1 GiB    entries, count: the gate of the span
///   level 0     2 MiB    entries, count: <see cref="PteLock"/> of the table
/// </code>
/// Who changes any of the upper three holds the gate of the span that he does it for: that is what a writer synchronises with. A span is what one table of level 1 maps.
/// Rejected: the lock of each table of level 1 alone, as in Linux. A writer could not synchronise with installers of a table that he does not find.
/// </remarks>
internal sealed partial class PageTable
{
    /// <summary>Parts of the lock; spans that follow each other have different ones.</summary>
    public const int Gates = 16;

    // Each guards the tables of level 1 of its spans; held by whoever installs or frees tables there.
    private readonly Gate[] _gates = CreateGates();

    /// <summary>Takes the gate of the address's span if it is free: the only form allowed inside a section.</summary>
    public bool TryEnterInstall(ulong address) => GateOf(address).TryEnter();

    /// <summary>Takes the gate of the address's span; waits for its holder.</summary>
    public void EnterInstall(ulong address) => GateOf(address).Enter();

    public void ExitInstall(ulong address) => GateOf(address).Exit();

    /// <summary>
    /// Takes and releases the gates of a range. A writer does so after it made its areas there odd and before it reads table entries: an installer that
    /// validated before is then visible, and one that takes a gate later fails its validation.
    /// </summary>
    /// <remarks>
    /// <code>
    ///   writer                                  speculative fault
    ///   area odd        (in its store buffer)   try the gate
    ///   read pmd: none → skip the table         sequence even: valid
    ///                                           install a table, fault a page in: leaked
    /// </code>
    /// The gate's compare-and-swap drains the writer's store buffer and orders the two sides.
    /// </remarks>
    public void SynchronizeWithInstallers(ulong start, ulong end)
    {
        ulong first = SpanOf(start);
        ulong count = Math.Min(SpanOf(end - 1) - first + 1, Gates);
        for (ulong span = first; span < first + count; span++)
        {
            ref SpinGate gate = ref _gates[span % Gates].Word;
            gate.Enter();
            gate.Exit();
        }
    }

    /// <summary>Which gate guards the tables of the address's span.</summary>
    public static int GateIndex(ulong address) => (int)(SpanOf(address) % Gates);

    private ref SpinGate GateOf(ulong address) => ref _gates[GateIndex(address)].Word;

    /// <summary>Number of the span that one entry of level 2 covers.</summary>
    private static ulong SpanOf(ulong address) => address >> TableLevel.Shift(TableLevel.Pud);

    private static Gate[] CreateGates()
    {
        var gates = new Gate[Gates];
        foreach (ref Gate gate in gates.AsSpan()) gate.Word = new SpinGate(LockRank.PageTable);
        return gates;
    }

    // A line to itself, and the next one, which the processor fetches with it.
    [StructLayout(LayoutKind.Sequential, Size = 128)]
    private struct Gate
    {
        public SpinGate Word;
    }
}
