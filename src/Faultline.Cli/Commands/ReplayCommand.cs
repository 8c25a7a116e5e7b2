using System.CommandLine;
using Faultline.Traces;

namespace Faultline.Cli.Commands;

/// <summary><c>faultline replay FILE</c>: runs a recording again and compares.</summary>
internal sealed class ReplayCommand : Verb
{
    private const string Both = "both", All = "all";
    private const int FramesPerMebibyteShift = 8;

    // A frame number has 32 bits: 16 TiB.
    private const long MostMebibytes = (1L << (32 - FramesPerMebibyteShift)) - 1;

    private static readonly Dictionary<string, WriterLock> s_writerLocks = new()
    {
        ["mmap"] = WriterLock.MmapLock,
        ["range"] = WriterLock.RangeLock,
    };

    private static readonly Dictionary<string, IReadOnlyList<FaultDesign>> s_designs = new()
    {
        ["classic"] = [FaultDesign.Classic],
        ["area-sequence"] = [FaultDesign.AreaSequence],
        ["space-sequence"] = [FaultDesign.SpaceSequence],
        ["area-lock"] = [FaultDesign.AreaLock],
        [Both] = [FaultDesign.Classic, FaultDesign.AreaSequence],
        [All] = Enum.GetValues<FaultDesign>(),
    };

    private readonly Argument<string> _file = new("FILE") { Description = "A .fltrace recording, or perf script text (plain or zstd)." };

    private readonly Option<string> _design = new("--design")
    {
        Description = $"How faults are served: {string.Join(", ", s_designs.Keys)}. Both: classic and area-sequence.",
        DefaultValueFactory = _ => Both,
    };

    private readonly Option<string?> _writerLock = new("--writer-lock")
    {
        Description = "What excludes calls of a space from each other: mmap, one lock, or range. Not range with area-lock. "
            + "Default: mmap; with --design all each that is legal with the design.",
    };

    private readonly Option<bool> _shortCut = new("--short-cut") { Description = "Faults of a space with a single thread go the classic way." };
    private readonly Option<bool> _paced = new("--paced") { Description = "Keep the recorded gaps instead of going as fast as the order admits." };

    private readonly Option<bool> _orderCalls = new("--order-calls")
    {
        Description = "Calls of a space run in their recorded order, also on different ranges, so that unhinted maps of several threads find their recorded places.",
    };

    private readonly Option<double?> _require = DecimalOption(
        "--require-agreement", "PERCENT",
        "Exit 1 if less than this many per cent of the calls, areas, faults on anonymous memory or all faults agree with Linux; with --order-calls of the placements too.");

    private readonly Option<int> _list = new("--list")
    {
        HelpName = "N",
        Description = "Examples to show of each class of disagreement.",
        DefaultValueFactory = _ => DefaultExamples,
    };

    private readonly Option<long?> _memory = new("--memory") { HelpName = "MIB", Description = "Physical memory in MiB; otherwise as much as the recording can need." };
    private readonly Option<bool> _json = JsonOption();

    private const int DefaultExamples = 3;

    public ReplayCommand(CliContext context)
        : base(context, "replay", "Run a recording again under each design, and compare calls, areas and faults with what Linux did.",
            "faultline replay app.fltrace",
            "faultline replay app.fltrace --design area-sequence --list 20",
            "faultline replay app.fltrace --design all",
            "faultline replay app.fltrace --design classic --writer-lock range",
            "faultline replay app.fltrace --order-calls --require-agreement 99.5 --json")
    {
        _design.AcceptOnlyFromAmong([.. s_designs.Keys]);
        _writerLock.AcceptOnlyFromAmong([.. s_writerLocks.Keys]);
        foreach (Option option in (Option[])[_design, _writerLock, _shortCut, _paced, _orderCalls, _require, _list, _memory, _json]) Add(option);
        Add(_file);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult parse)
    {
        var file = parse.GetRequiredValue(_file);
        var options = new ReplayOptions
        {
            Designs = Designs(parse.GetRequiredValue(_design), parse.GetValue(_writerLock)),
            ShortCut = parse.GetValue(_shortCut),
            OrderCalls = parse.GetValue(_orderCalls),
            Paced = parse.GetValue(_paced),
            Examples = (int)InRange(_list.Name, parse.GetValue(_list), 0, int.MaxValue),
            Frames = parse.GetValue(_memory) is { } mebibytes ? InRange(_memory.Name, mebibytes, 1, MostMebibytes) << FramesPerMebibyteShift : null,
        };
        if (parse.GetValue(_require) is { } percent && percent is not (>= 0 and <= 100)) throw OutOfRange(_require.Name, percent, 0, 100);
        var recording = Load(file);
        Context.Progress.Report("ordering events");
        var report = Replayer.Run(
            recording, options, (design, done, total) => Context.Progress.Report($"replaying, {design}", done, total), Context.Cancellation);
        Context.Progress.Clear();

        if (parse.GetValue(_json)) Context.WriteJson(new { file, report });
        else ReplayReportText.Write(Context, file, report);
        TotalsReport.WarnOfLosses(Context, recording.Totals);
        return Judge(report, parse.GetValue(_require));
    }

    /// <summary>Of several designs those that are legal with the writer lock; a single one must be.</summary>
    private static List<DesignPair> Designs(string designs, string? writerLock)
    {
        var pairs = DesignPair.All.Where(pair => s_designs[designs].Contains(pair.Design));
        if (writerLock is not null || designs != All) pairs = pairs.Where(pair => pair.WriterLock == s_writerLocks[writerLock ?? s_writerLocks.Keys.First()]);
        var legal = pairs.ToList();
        return legal.Count > 0
            ? legal
            : throw new CommandException(
                ExitCode.Usage, $"--design {designs} and --writer-lock {writerLock} exclude each other: a writer waits for the readers of one area after the other, "
                + "which two writers under ranges could do in opposite orders", "See `faultline replay --help`");
    }

    private static long InRange(string option, long value, long least, long most) =>
        value >= least && value <= most ? value : throw OutOfRange(option, value, least, most);

    private static CommandException OutOfRange(string option, double value, double least, double most) =>
        new(ExitCode.Usage, $"{option} {value} is not between {least} and {most}", "See `faultline replay --help`");

    private Recording Load(string file)
    {
        using var reader = TraceInput.Open(file, lines => Context.Progress.Report("lines", lines, 0), Context.Cancellation);
        return Recording.Load(reader, Context.Cancellation);
    }

    private int Judge(ReplayReport report, double? required)
    {
        if (report.Designs.Any(design => design.FramesLost != 0))
        {
            Context.Error.WriteLine("faultline: frames are still in use although every address space is gone. Please report it with the recording.");
            return ExitCode.Internal;
        }

        if (required is not { } percent) return ExitCode.Ok;
        if (!report.IsAgreementClaimed) return ExitCode.Inconclusive;
        if (report.LowestAgreement is not { } agreement)
        {
            Context.Error.WriteLine("faultline: the recording holds nothing that could agree or disagree. Record a program from its start.");
            return ExitCode.Inconclusive;
        }

        if (agreement >= percent) return ExitCode.Ok;
        Context.Error.WriteLine($"faultline: agreement is {agreement:0.###} %, less than the {percent:0.###} % required. See the classes above.");
        return ExitCode.Finding;
    }
}
