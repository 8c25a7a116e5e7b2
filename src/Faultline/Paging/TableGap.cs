namespace Faultline.Paging;

/// <summary>Where an unmap may free tables: those that a range needed and that lie in the gap around it.</summary>
internal readonly struct TableGap(ulong start, ulong end, ulong low, ulong high, (ulong Low, ulong High) held)
{
    /// <summary>First byte whose tables may have become empty.</summary>
    public ulong Start { get; init; } = start;

    /// <summary>First byte after them.</summary>
    public ulong End => end;

    /// <summary>First byte that the caller has locked.</summary>
    public ulong HeldLow => held.Low;

    /// <summary>First byte after what the caller has locked.</summary>
    public ulong HeldHigh => held.High;

    /// <summary>No area but what is being removed lies in [<paramref name="from"/>, <paramref name="to"/>), as far as the caller has seen.</summary>
    public bool Contains(ulong from, ulong to) => low <= from && to <= high;

    /// <summary>The caller has locked all of [<paramref name="from"/>, <paramref name="to"/>).</summary>
    public bool Covers(ulong from, ulong to) => held.Low <= from && to <= held.High;
}
