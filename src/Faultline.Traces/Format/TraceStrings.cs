namespace Faultline.Traces;

/// <summary>The strings of a recording: paths, thread names, kernel symbols. Each stands once.</summary>
public sealed class TraceStrings
{
    private readonly List<string> _strings = [];
    private readonly Dictionary<string, int> _index = new(StringComparer.Ordinal);

    /// <summary>The string at <paramref name="index"/>; empty for -1, which events use for "unknown".</summary>
    public string this[int index] => index < 0 ? "" : _strings[index];

    /// <summary>How many there are.</summary>
    public int Count => _strings.Count;

    /// <summary>The index of <paramref name="text"/>, added if it is new.</summary>
    public int Intern(ReadOnlySpan<char> text) =>
        _index.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(text, out var index) ? index : Add(text.ToString());

    internal int Add(string text)
    {
        _index.TryAdd(text, _strings.Count);
        _strings.Add(text);
        return _strings.Count - 1;
    }
}
