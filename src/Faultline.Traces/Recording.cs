namespace Faultline.Traces;

/// <summary>A whole recording in memory: what replay and analysis work on. 104 bytes an event.</summary>
public sealed class Recording
{
    private readonly TraceEvent[] _events;

    // Mapping lines grouped by owner: the lines of event i are _lines[_firstLine[i] .. _firstLine[i + 1]].
    private readonly int[] _firstLine;
    private readonly int[] _lines;

    private Recording(TraceReader reader, CancellationToken cancellation)
    {
        Header = reader.Header;
        Totals = reader.Totals;
        Strings = reader.Strings;

        // The count in the totals is only as good as the file: let the array grow with what is really read.
        var events = new List<TraceEvent>();
        while (reader.Read())
        {
            events.Add(reader.Current);
            if (events.Count % CancellationStride == 0) cancellation.ThrowIfCancellationRequested();
        }
        _events = [.. events];
        SpaceCount = reader.SpaceCount;
        (_firstLine, _lines) = GroupLines(_events);
    }

    private const int CancellationStride = 4096;

    /// <summary>What was known when the recording began.</summary>
    public TraceHeader Header { get; }

    /// <summary>What was known when it ended.</summary>
    public TraceTotals Totals { get; }

    /// <summary>Texts of the events.</summary>
    public TraceStrings Strings { get; }

    /// <summary>Address spaces: <see cref="TraceEvent.Space"/> is below this.</summary>
    public int SpaceCount { get; }

    /// <summary>All events in time order; an event's <see cref="TraceEvent.Index"/> is its place here.</summary>
    public ReadOnlySpan<TraceEvent> Events => _events;

    /// <summary>The event at <paramref name="index"/>, without copying it.</summary>
    public ref readonly TraceEvent this[int index] => ref _events[index];

    /// <summary>Indices of the mapping lines that Linux reported for the call or exec at <paramref name="index"/>, in order.</summary>
    public ReadOnlySpan<int> MappingsOf(int index) => _lines.AsSpan(_firstLine[index].._firstLine[index + 1]);

    /// <summary>Loads a .fltrace file, or perf script text (plain or zstd), which is imported on the way.</summary>
    /// <exception cref="InputException">The file cannot be opened or read.</exception>
    /// <exception cref="TraceFormatException">The file is damaged, truncated or of another kind.</exception>
    public static Recording Load(string path, CancellationToken cancellation = default)
    {
        using var reader = TraceInput.Open(path, null, cancellation);
        return Load(reader, cancellation);
    }

    /// <summary>Loads what <paramref name="reader"/> has not read yet; it must stand at the start.</summary>
    public static Recording Load(TraceReader reader, CancellationToken cancellation = default) => new(reader, cancellation);

    private static (int[] First, int[] Lines) GroupLines(TraceEvent[] events)
    {
        var first = new int[events.Length + 1];
        foreach (ref readonly var e in events.AsSpan())
        {
            if (IsOwned(e)) first[e.Mapping.Owner + 1]++;
        }
        for (var i = 0; i < events.Length; i++) first[i + 1] += first[i];

        var lines = new int[first[^1]];
        var next = first.AsSpan(0, events.Length).ToArray();
        foreach (ref readonly var e in events.AsSpan())
        {
            if (IsOwned(e)) lines[next[e.Mapping.Owner]++] = e.Index;
        }
        return (first, lines);
    }

    private static bool IsOwned(in TraceEvent e) => e.Kind == EventKind.Mapping && e.Mapping.Owner != MappingData.NoOwner;
}
