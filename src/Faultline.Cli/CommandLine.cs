using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Faultline.Cli.Commands;

namespace Faultline.Cli;

/// <summary>The tool as a function from arguments to an exit code.</summary>
internal static class CommandLine
{
    private static readonly string[] s_examples =
    [
        "faultline record -o app.fltrace -- ./app --threads 4",
        "faultline info app.fltrace",
        "faultline replay app.fltrace",
        "faultline import perf.txt.zst -o app.fltrace",
    ];

    /// <summary>Parses and runs; every error becomes one line on stderr.</summary>
    public static int Run(IReadOnlyList<string> arguments, CliContext context)
    {
        var parse = Build(context).Parse(arguments);
        if (parse.Action is ParseErrorAction || parse.Errors.Count > 0)
        {
            var (cause, help) = parse.CommandResult.Command is Verb verb
                ? (parse.Errors[0].Message, $"faultline {verb.Name} --help")
                : (parse.UnmatchedTokens is [var word, ..] ? $"there is no verb '{word}'" : "no verb given", "faultline --help");
            return ErrorReport.Line(context.Error, ExitCode.Usage, cause, $"See `{help}`");
        }

        var invocation = new InvocationConfiguration
        {
            Output = context.Output,
            Error = context.Error,
            EnableDefaultExceptionHandler = false,
            // Ctrl-C belongs to the context: a verb removes what it began before the process ends.
            ProcessTerminationTimeout = null,
        };
        try
        {
            return parse.Invoke(invocation);
        }
        catch (Exception e)
        {
            return ErrorReport.Write(context.Error, e);
        }
    }

    private static RootCommand Build(CliContext context)
    {
        var root = new RootCommand("Record, inspect and replay the memory calls and page faults of real programs.")
        {
            new RecordCommand(context),
            new ImportCommand(context),
            new InfoCommand(context),
            new BenchCommand(context),
            new ReplayCommand(context),
        };
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new ExamplesHelp((HelpAction)help.Action!, s_examples);
        return root;
    }
}
