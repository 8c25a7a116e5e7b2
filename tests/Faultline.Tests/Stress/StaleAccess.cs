using Faultline.Translation;

namespace Faultline.Tests.Stress;

/// <summary>
/// One access split in two at its worst place: the translation is looked up, then a shootdown happens, or tries to, then the data is touched. With and
/// without what the accessor does against it.
/// </summary>
internal static unsafe class StaleAccess
{
    /// <summary>How long the accessor dwells between tag and data if the call does not return, which is what the protocol is for.</summary>
    private static readonly TimeSpan s_dwell = TimeSpan.FromMilliseconds(1);

    /// <summary>
    /// How long a control dwells, for which no call waits: until the call has returned, however long others keep the processors. Else it writes before the test looks, into a
    /// frame that is free by then, and the frame is withheld for its broken poison.
    /// </summary>
    private static readonly TimeSpan s_controlDwell = TimeSpan.FromSeconds(30);

    /// <summary>Writes by the translation at hand, inside a section or, as a control, not announced. False: there was none.</summary>
    public static bool Write(MemoryAccessor cpu, ulong address, ulong value, bool announced, Action hit, Func<bool> returned)
    {
        if (announced) cpu.EnterSection();
        try
        {
            ref TlbEntry entry = ref cpu.Tlb.At(address);
            if (Volatile.Read(ref entry.WriteTag) != Page.Floor(address)) return false;
            hit();
            SpinWait.SpinUntil(returned, announced ? s_dwell : s_controlDwell);
            Volatile.Write(ref *(ulong*)(address + entry.Addend), value);
            return true;
        }
        finally
        {
            if (announced) cpu.LeaveSection();
        }
    }

    /// <summary>Reads by the translation at hand; looks at the tag again or, as a control, does not. False: there was none, or it was gone afterwards.</summary>
    public static bool Read(MemoryAccessor cpu, ulong address, out ulong value, bool checkedAfterwards, Action hit, Func<bool> returned)
    {
        value = 0;
        ref TlbEntry entry = ref cpu.Tlb.At(address);
        if (Volatile.Read(ref entry.ReadTag) != Page.Floor(address)) return false;
        hit();
        SpinWait.SpinUntil(returned, checkedAfterwards ? s_dwell : s_controlDwell);
        value = Volatile.Read(ref *(ulong*)(address + entry.Addend));
        return !checkedAfterwards || Volatile.Read(ref entry.ReadTag) == Page.Floor(address);
    }
}
