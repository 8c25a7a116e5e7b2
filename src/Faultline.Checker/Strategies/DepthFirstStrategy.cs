namespace Faultline.Checker;

internal sealed record DepthFirstStrategy(int Preemptions) : Strategy
{
    internal override Picker Start() => new DepthFirstPicker(Preemptions);
}

internal sealed class DepthFirstPicker(int bound) : Picker
{
    // The path of the last schedule: which of how many affordable options each point took.
    private readonly List<(int Taken, int Affordable)> _path = [];
    private int _depth;
    private int _left;
    private int _currentBound;
    private bool _started;

    public override bool HasEnd => true;

    public override int CompletedBound => _currentBound - 1;

    public override bool Begin()
    {
        if (_started && !Advance() && _currentBound++ == bound) return false;

        _started = true;
        _depth = 0;
        _left = _currentBound;
        return true;
    }

    public override int Pick(ReadOnlySpan<Choice> options)
    {
        int affordable = 0;
        foreach (var option in options)
        {
            if (option.Cost <= _left) affordable++;
        }

        if (_depth == _path.Count) _path.Add((0, affordable));
        else if (_path[_depth].Affordable != affordable) return -1;

        int skip = _path[_depth++].Taken;
        int pick = 0;
        while (options[pick].Cost > _left || skip-- > 0) pick++;
        _left -= options[pick].Cost;
        return pick;
    }

    /// <summary>Moves to the next path in order; false, with an empty path, after the last.</summary>
    private bool Advance()
    {
        while (_path.Count > 0)
        {
            var (taken, affordable) = _path[^1];
            if (taken + 1 < affordable)
            {
                _path[^1] = (taken + 1, affordable);
                return true;
            }

            _path.RemoveAt(_path.Count - 1);
        }

        return false;
    }
}
