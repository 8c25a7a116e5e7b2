using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Spectre.Console;

namespace Faultline.Cli;

/// <summary>Where a verb writes, and what tells it to stop. Tests pass their own writers.</summary>
internal sealed class CliContext
{
    private const int PipeWidth = 120;

    // NaN and infinity stand in ratios of empty runs; they are written as strings instead of failing the whole report.
    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DictionaryKeyPolicy = null,
        WriteIndented = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter() },
    };

    /// <summary>A context over two writers.</summary>
    public CliContext(TextWriter output, TextWriter error, bool errorIsTerminal, Interrupts interrupts)
    {
        Output = new TrimmedWriter(output);
        Error = error;
        Progress = new ProgressLine(error, errorIsTerminal);
        Interrupts = interrupts;
        Tables = CreateTables(output);
    }

    /// <summary>Results: tables for people, or JSON.</summary>
    public TextWriter Output { get; }

    /// <summary>Errors, notes and progress.</summary>
    public TextWriter Error { get; }

    /// <summary>Tables on <see cref="Output"/>; plain text when that is not a terminal or NO_COLOR is set.</summary>
    public IAnsiConsole Tables { get; }

    /// <summary>One line on stderr that shows how far long work is; silent when stderr is not a terminal.</summary>
    public ProgressLine Progress { get; }

    /// <summary>Where Ctrl-C and SIGTERM arrive; for a verb that does something else with the first one.</summary>
    public Interrupts Interrupts { get; }

    /// <summary>Cancelled by Ctrl-C or SIGTERM.</summary>
    public CancellationToken Cancellation => Interrupts.Cancellation;

    /// <summary>Writes one JSON document to <see cref="Output"/>: camelCase, enums as names.</summary>
    public void WriteJson<T>(T value) => Output.WriteLine(JsonSerializer.Serialize(value, s_json));

    private IAnsiConsole CreateTables(TextWriter output)
    {
        // It takes no other writer than the console's for a terminal.
        var target = new AnsiConsoleOutput(output);
        if (!target.IsTerminal) target = new AnsiConsoleOutput(Output);

        // Spectre's own detection asks the environment, and colours files where TERM or a CI system says so.
        var plain = !target.IsTerminal || !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        var tables = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = target,
            Ansi = plain ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = plain ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
        });

        // It also falls back to 80 columns on a pipe and would fold the table that a script is about to cut.
        if (!target.IsTerminal) tables.Profile.Width = PipeWidth;
        return tables;
    }
}
