using System.CommandLine;
using Faultline.Traces;

namespace Faultline.Cli.Commands;

/// <summary><c>faultline maps FILE</c>: the areas of a recorded program, and why neighbours are not one.</summary>
internal sealed class MapsCommand : Verb
{
    // In seconds: a TimeSpan holds twice as many.
    private const double LongestTime = long.MaxValue / TimeSpan.TicksPerSecond / 2;

    private readonly Argument<string> _file = new("FILE") { Description = "A .fltrace recording, or perf script text (plain or zstd)." };

    private readonly Option<double?> _at = DecimalOption("--at", "SECONDS", "Seconds after the first event; otherwise each address space as it was at its end.");

    private readonly Option<int?> _space = new("--space") { Description = "Show this address space; a list shows their numbers.", HelpName = "N" };

    private readonly Option<bool> _explain = new("--explain")
    {
        Description = "After each area that another one follows directly, say what keeps Linux from making them one; at the end, how often.",
    };

    private readonly Option<bool> _json = JsonOption();

    public MapsCommand(CliContext context)
        : base(context, "maps", "Show the areas of a recorded program, as /proc/PID/maps would, and why neighbours did not merge.",
            "faultline maps app.fltrace --explain",
            "faultline maps make.fltrace",
            "faultline maps make.fltrace --space 12 --at 1.5 --explain")
    {
        Add(_file);
        foreach (Option option in (Option[])[_at, _space, _explain, _json]) Add(option);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult parse)
    {
        double? time = parse.GetValue(_at);
        if (time is not null and not (>= 0 and <= LongestTime)) throw new CommandException(ExitCode.Usage, "--at is a time from 0 on", "See `faultline maps --help`");
        var file = parse.GetRequiredValue(_file);
        using var reader = TraceInput.Open(file, lines => Context.Progress.Report("lines", lines, 0), Context.Cancellation);
        var recording = Recording.Load(reader, Context.Cancellation);
        TimeSpan? at = time is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
        var all = Snapshots.Of(recording, at, (done, total) => Context.Progress.Report("replaying", done, total), Context.Cancellation);
        Context.Progress.Clear();

        var shown = all;
        if (parse.GetValue(_space) is { } number)
        {
            shown = [.. all.Where(snapshot => snapshot.Space == number)];
            if (shown.Count == 0)
                throw new CommandException(ExitCode.Usage, $"no address space {number} exists at that time", "Without --space they are listed");
        }

        if (shown.All(snapshot => snapshot.Areas.Count == 0))
        {
            throw at is null
                ? new CommandException(ExitCode.BadData, "the recording shows no areas", "Record a program from its start")
                : new CommandException(ExitCode.Usage, "no area exists at that time", "`faultline info` says how long the recording lasts");
        }

        if (parse.GetValue(_json)) Context.WriteJson(new { file, spaces = shown.Select(Document) });
        else if (shown.Count == 1) MapsReport.WriteOne(Context, shown[0], parse.GetValue(_explain));
        else MapsReport.WriteList(Context, shown);
        TotalsReport.WarnOfLosses(Context, recording.Totals);
        return ExitCode.Ok;
    }

    private static object Document(SpaceSnapshot snapshot) => new
    {
        snapshot.Space,
        snapshot.ProcessId,
        snapshot.Program,
        snapshot.Areas,
        boundaries = snapshot.Boundaries.Select(boundary => new { boundary.Address, boundary.Obstacles, boundary.Explanation }),
    };
}
