namespace Faultline.Traces.Replay;

/// <summary>What would be where if some calls that are still open took effect now, in the order given.</summary>
internal readonly struct AreaView
{
    // What each assumed call changes is worked out once, in the situation before it: a move that asks for the state of its source at each look would ask twice as often
    // with each call before it.
    private readonly AreaChange[] _assumed;

    private AreaView(AreaOrder areas, AreaChange[] assumed) => (Areas, _assumed) = (areas, assumed);

    /// <summary>What is where now.</summary>
    public AreaView(AreaOrder areas)
        : this(areas, [])
    {
    }

    /// <summary>A stretch with one state.</summary>
    public readonly record struct Piece(ulong Start, ulong End, AreaState State);

    public AreaOrder Areas { get; }

    /// <summary>The same, and then one more.</summary>
    public AreaView Then(CallShape next) => new(Areas, [.. _assumed, .. next.Changes(this)]);

    /// <summary>Of the last address of all, as of the one before it: nothing is mapped there.</summary>
    public AreaState At(ulong address)
    {
        ulong start = Math.Min(address, ulong.MaxValue - 1);
        return Pieces(start, start + 1)[0].State;
    }

    public bool IsMapped(ulong start, ulong end) => start >= end || Pieces(start, end).TrueForAll(piece => piece.State.IsMapped);

    public bool IsFree(ulong start, ulong end) => start >= end || Pieces(start, end).TrueForAll(piece => !piece.State.IsMapped);

    /// <summary>The range, cut where the state may change.</summary>
    public List<Piece> Pieces(ulong start, ulong end)
    {
        var pieces = new List<Piece>();
        for (int i = Areas.IndexOf(start); i < Areas.Count && Areas[i].Start < end; i++)
        {
            pieces.Add(new Piece(Math.Max(start, Areas[i].Start), Math.Min(end, Areas.EndOf(i)), Areas[i].State));
        }

        foreach (AreaChange change in _assumed) pieces = Apply(change, pieces);
        return pieces;
    }

    private static List<Piece> Apply(AreaChange change, List<Piece> pieces)
    {
        var changed = new List<Piece>();
        foreach (Piece piece in pieces)
        {
            ulong start = Math.Max(piece.Start, change.Start), end = Math.Min(piece.End, change.End);
            if (start >= end)
            {
                changed.Add(piece);
                continue;
            }

            if (piece.Start < start) changed.Add(piece with { End = start });
            changed.Add(new Piece(start, end, change.State(piece.State)));
            if (end < piece.End) changed.Add(piece with { Start = end });
        }

        return changed;
    }
}

/// <summary>What a call makes of the states of a range.</summary>
internal readonly record struct AreaChange(ulong Start, ulong End, Func<AreaState, AreaState> State)
{
    public static AreaChange Set(ulong start, ulong end, AreaState state) => new(start, end, _ => state);

    public static AreaChange None(ulong start, ulong end) => new(start, end, static state => state);
}
