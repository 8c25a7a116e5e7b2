namespace Faultline.Checker;

internal sealed record PctStrategy(ulong Seed, int Depth) : Strategy
{
    internal override Picker Start() => new PctPicker(Seed, Depth);
}

internal sealed class PctPicker(ulong seed, int depth) : Picker
{
    private const int Agents = 2 * 26;

    private readonly int[] _priorities = new int[Agents];
    private readonly int[] _changes = new int[depth - 1];
    private SplitMix _random = new(seed);

    // The length of the longest schedule so far: change points are spread over it.
    private int _longest = 1;
    private int _picks;

    public override bool Begin()
    {
        _longest = Math.Max(_longest, _picks);
        _picks = 0;

        for (int i = 0; i < Agents; i++)
        {
            int other = _random.Next(i + 1);
            _priorities[i] = _priorities[other];
            _priorities[other] = depth + i;
        }

        for (int i = 0; i < _changes.Length; i++) _changes[i] = _random.Next(_longest);
        return true;
    }

    public override int Pick(ReadOnlySpan<Choice> options)
    {
        int pick = Highest(options);
        for (int i = 0; i < _changes.Length; i++)
        {
            if (_changes[i] != _picks) continue;
            _priorities[options[pick].Agent] = i;
            pick = Highest(options);
        }

        _picks++;
        return pick;
    }

    private int Highest(ReadOnlySpan<Choice> options)
    {
        int best = 0;
        for (int i = 1; i < options.Length; i++)
        {
            if (_priorities[options[i].Agent] > _priorities[options[best].Agent]) best = i;
        }

        return best;
    }
}
