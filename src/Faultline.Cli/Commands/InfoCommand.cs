using System.CommandLine;

namespace Faultline.Cli.Commands;

/// <summary><c>faultline info FILE</c>: what a recording holds.</summary>
internal sealed class InfoCommand : Verb
{
    private readonly Argument<string> _file = new("FILE") { Description = "A .fltrace recording, or perf script text (plain or zstd)." };
    private readonly Option<bool> _json = JsonOption();

    public InfoCommand(CliContext context)
        : base(context, "info", "Show what a recording holds: program, machine, processes, calls, faults, losses.",
            "faultline info app.fltrace",
            "faultline info app.fltrace --json",
            "faultline info perf.txt.zst")
    {
        Add(_file);
        Add(_json);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult parse)
    {
        var file = parse.GetRequiredValue(_file);
        var length = new FileInfo(file).Length;
        if (parse.GetValue(_json)) Context.WriteJson(new { file, length });
        else Context.Output.WriteLine($"{file}: {length} bytes");
        return ExitCode.Ok;
    }
}
