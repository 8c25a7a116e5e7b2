namespace Faultline.Checker;

internal sealed record RandomStrategy(ulong Seed) : Strategy
{
    internal override Picker Start() => new RandomPicker(Seed);
}

/// <summary>
/// Each schedule draws how often it deviates: always choosing evenly would never let a thread run far, or leave a store in
/// its buffer for long.
/// </summary>
internal sealed class RandomPicker(ulong seed) : Picker
{
    private const int Frequencies = 6;

    private SplitMix _random = new(seed);
    private ulong _deviationMask;

    public override bool Begin()
    {
        _deviationMask = (1ul << _random.Next(Frequencies)) - 1;
        return true;
    }

    public override int Pick(ReadOnlySpan<Choice> options) =>
        (_random.Next() & _deviationMask) == 0 ? _random.Next(options.Length) : 0;
}
