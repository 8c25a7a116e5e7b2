using System.CommandLine;
using System.Globalization;
using Faultline.Cli.Bench.Workloads;
using Faultline.Workloads;

namespace Faultline.Cli.Commands;

/// <summary><c>faultline bench WORKLOAD</c>: one workload under every design and on the host.</summary>
internal sealed class WorkloadCommand : Verb
{
    private const int MebibyteShift = 20, KibibyteShift = 10;
    private const int MostMebibytes = 1 << 16, MostKibibytes = 1 << 20, MostThreads = 1024;

    private readonly Workload _workload;
    private readonly Option<string> _threads = new("--threads")
    {
        HelpName = "LIST",
        Description = "Numbers of threads, a run for each: 1,2,4.",
        DefaultValueFactory = static _ => string.Join(',', new[] { 1, Environment.ProcessorCount }.Distinct()),
    };

    private readonly Option<double?> _time = DecimalOption("--time", "SECONDS", $"Length of a sample. Default: {WorkloadBench.DefaultTime.TotalSeconds}.");

    private readonly Option<long?> _count = new("--count") { HelpName = "N", Description = "Operations of each thread in a sample, instead of a time." };
    private readonly Option<int> _samples = new("--samples")
    {
        HelpName = "N",
        Description = "Samples of each design and of the host, taken in turn.",
        DefaultValueFactory = static _ => WorkloadBench.DefaultSamples,
    };

    private readonly Option<int> _region = new("--region")
    {
        HelpName = "MIB",
        Description = "What each thread maps.",
        DefaultValueFactory = static _ => (int)(new WorkloadOptions().RegionBytes >> MebibyteShift),
    };

    private readonly Option<int> _chunks = new("--chunks")
    {
        HelpName = "N",
        Description = "The original's -n: chunks.",
        DefaultValueFactory = static _ => new WorkloadOptions().Chunks,
    };

    private readonly Option<int> _chunkSize = new("--chunk-size")
    {
        HelpName = "KIB",
        Description = "The original's -s: size of a chunk.",
        DefaultValueFactory = static _ => (int)(new WorkloadOptions().ChunkBytes >> KibibyteShift),
    };

    private readonly Option<bool> _random = new("--random-size") { Description = "The original's -R: a record takes a random part of a chunk." };
    private readonly Option<bool> _protect = new("--protect") { Description = "The original's -p: every other chunk is read-only." };
    private readonly Option<bool> _copy = new("--copy") { Description = "The original without -T: records are copied and searched." };
    private readonly Option<int> _areas = new("--areas")
    {
        HelpName = "N",
        Description = "Areas of a thread.",
        DefaultValueFactory = static _ => new WorkloadOptions().Areas,
    };

    private readonly Option<int> _pages = new("--pages")
    {
        HelpName = "N",
        Description = "Pages that it touches in each.",
        DefaultValueFactory = static _ => new WorkloadOptions().Pages,
    };

    private readonly Option<bool> _verify = new("--verify-every-page") { Description = "Check every page, and not one of each MiB." };
    private readonly Option<bool> _json = JsonOption();

    public WorkloadCommand(CliContext context, Workload workload)
        : base(context, workload.Name, $"Workload: {workload.Summary}.",
            $"faultline bench {workload.Name}",
            $"faultline bench {workload.Name} --threads 1,2,4 --time 5",
            $"faultline bench {workload.Name} --threads 2 --count 100000 --json")
    {
        _workload = workload;
        foreach (Option option in (Option[])[_threads, _time, _count, _samples, .. Sizes(), _verify, _json]) Add(option);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult parse)
    {
        var plan = new WorkloadPlan(
            _workload, Configured(parse), Threads(parse.GetRequiredValue(_threads)), Length(parse.GetValue(_time), parse.GetValue(_count)),
            InRange(_samples, parse.GetValue(_samples), int.MaxValue));
        var report = new WorkloadBench(plan, Context.Progress.Report, Context.Cancellation).Run();
        Context.Progress.Clear();
        if (parse.GetValue(_json)) Context.WriteJson(report);
        else WorkloadReportText.Write(Context.Tables, report);
        return ExitCode.Ok;
    }

    private Option[] Sizes() => _workload.Sizes switch
    {
        WorkloadSizes.Region => [_region],
        WorkloadSizes.Chunks => [_chunks, _chunkSize, _random, _protect, _copy],
        WorkloadSizes.Areas => [_areas, _pages],
        _ => [],
    };

    private WorkloadOptions Configured(ParseResult parse)
    {
        var options = new WorkloadOptions { VerifyEveryPage = parse.GetValue(_verify) };
        return _workload.Sizes switch
        {
            WorkloadSizes.Region => options with { RegionBytes = (ulong)InRange(_region, parse.GetValue(_region), MostMebibytes) << MebibyteShift },
            WorkloadSizes.Chunks => options with
            {
                Chunks = InRange(_chunks, parse.GetValue(_chunks), MostKibibytes),
                ChunkBytes = ChunkBytes(InRange(_chunkSize, parse.GetValue(_chunkSize), MostKibibytes)),
                RandomSize = parse.GetValue(_random),
                ProtectChunks = parse.GetValue(_protect),
                CopyRecords = parse.GetValue(_copy),
            },
            WorkloadSizes.Areas => options with
            {
                Areas = InRange(_areas, parse.GetValue(_areas), MostKibibytes),
                Pages = InRange(_pages, parse.GetValue(_pages), MostKibibytes),
            },
            _ => options,
        };
    }

    private ulong ChunkBytes(int kibibytes)
    {
        ulong bytes = (ulong)kibibytes << KibibyteShift;
        return Page.IsAligned(bytes) ? bytes : throw Wrong("--chunk-size must be a multiple of 4");
    }

    private List<int> Threads(string list)
    {
        var threads = new List<int>();
        foreach (string part in list.Split(','))
        {
            if (!int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int number)) throw Wrong($"--threads: '{part}' is no number");
            threads.Add(InRange(_threads, number, MostThreads));
        }

        return threads;
    }

    private WorkloadLength Length(double? seconds, long? count)
    {
        if (seconds is not null && count is not null) throw Wrong("--time and --count exclude each other");
        if (count is { } n) return n > 0 ? WorkloadLength.Of(n) : throw Wrong("--count must be at least 1");
        var time = seconds is { } s ? TimeSpan.FromSeconds(Math.Clamp(double.IsNaN(s) ? 0 : s, 0, TimeSpan.FromDays(1).TotalSeconds)) : WorkloadBench.DefaultTime;
        return time > TimeSpan.Zero ? WorkloadLength.For(time) : throw Wrong("--time must be more than 0");
    }

    private int InRange(Option option, int value, int most) =>
        value >= 1 && value <= most ? value : throw Wrong($"{option.Name} must be from 1 to {most}");

    private CommandException Wrong(string cause) => new(ExitCode.Usage, cause, $"See `faultline {Path} --help`");
}
