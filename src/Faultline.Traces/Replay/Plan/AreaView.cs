namespace Faultline.Traces.Replay;

/// <summary>What would be where if some calls that are still open took effect now, in the order given.</summary>
internal readonly struct AreaView(AreaOrder areas, ReadOnlyMemory<CallShape> assumed)
{
    /// <summary>A stretch with one state.</summary>
    public readonly record struct Piece(ulong Start, ulong End, AreaState State);

    public AreaOrder Areas => areas;

    /// <summary>The same, and then one more.</summary>
    public AreaView Then(CallShape next) => new(areas, (CallShape[])[.. assumed.Span, next]);

    public AreaState At(ulong address) => Pieces(address, address + 1)[0].State;

    public bool IsMapped(ulong start, ulong end) => start >= end || Pieces(start, end).TrueForAll(piece => piece.State.IsMapped);

    public bool IsFree(ulong start, ulong end) => start >= end || Pieces(start, end).TrueForAll(piece => !piece.State.IsMapped);

    /// <summary>The range, cut where the state may change.</summary>
    public List<Piece> Pieces(ulong start, ulong end)
    {
        var pieces = new List<Piece>();
        for (int i = areas.IndexOf(start); i < areas.Count && areas[i].Start < end; i++)
        {
            pieces.Add(new Piece(Math.Max(start, areas[i].Start), Math.Min(end, areas.EndOf(i)), areas[i].State));
        }

        for (int i = 0; i < assumed.Length; i++)
        {
            var before = new AreaView(areas, assumed[..i]);
            foreach (AreaChange change in assumed.Span[i].Changes(before)) pieces = Apply(change, pieces);
        }

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
