namespace Faultline.Cli;

/// <summary>A line on stderr that is rewritten in place at most ten times a second. Thread safe.</summary>
internal sealed class ProgressLine(TextWriter error, bool enabled)
{
    private const long MinimumGapMilliseconds = 100;

    // Both guarded by _gate.
    private readonly Lock _gate = new();
    private long _nextAt;
    private int _shown;

    /// <summary>Shows <paramref name="text"/>, unless something was shown less than a tenth of a second ago.</summary>
    public void Report(string text)
    {
        if (!enabled) return;
        lock (_gate)
        {
            if (Environment.TickCount64 < _nextAt) return;
            _nextAt = Environment.TickCount64 + MinimumGapMilliseconds;
            error.Write("\r" + text.PadRight(_shown));
            error.Flush();
            _shown = text.Length;
        }
    }

    /// <summary>Shows "what: done of total (percent)".</summary>
    public void Report(string what, long done, long total)
    {
        if (enabled) Report(total > 0 ? $"{what}: {done:N0} of {total:N0} ({100 * done / total} %)" : $"{what}: {done:N0}");
    }

    /// <summary>Removes the line, so that results and errors start on a clean one.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            if (_shown == 0) return;
            error.Write("\r" + new string(' ', _shown) + "\r");
            error.Flush();
            _shown = 0;
        }
    }
}
