using Faultline.Areas;

namespace Faultline.Paging;

/// <summary>Where an unmap may free tables: those that a range needed and that no area around it needs.</summary>
internal readonly struct TableGap(AreaTree areas, ulong start, ulong end, (ulong Low, ulong High) held)
{
    /// <summary>First byte whose tables may have become empty.</summary>
    public ulong Start => start;

    /// <summary>First byte after them.</summary>
    public ulong End => end;

    /// <summary>First byte that the caller has locked.</summary>
    public ulong HeldLow => held.Low;

    /// <summary>First byte after what the caller has locked.</summary>
    public ulong HeldHigh => held.High;

    /// <summary>
    /// No area lies in [<paramref name="from"/>, <paramref name="to"/>), as far as the caller has locked it. Asked table by table: what lies further away than a table spans may be in
    /// lines that another writer changes.
    /// </summary>
    public bool Contains(ulong from, ulong to) =>
        !(from < start && areas.FindWithin(from, start) is not null) && !(end < to && areas.FindWithin(end, to) is not null);

    /// <summary>The caller has locked all of [<paramref name="from"/>, <paramref name="to"/>).</summary>
    public bool Covers(ulong from, ulong to) => held.Low <= from && to <= held.High;
}
