using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
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
        "faultline maps app.fltrace --explain",
        "faultline import perf.txt.zst -o app.fltrace",
        "faultline bench --filter 'fault/*'",
        "faultline bench ebizzy --threads 1,2,4",
    ];

    /// <summary>Parses and runs; every error becomes one line on stderr.</summary>
    public static int Run(IReadOnlyList<string> arguments, CliContext context)
    {
        var parse = Build(context).Parse(arguments);
        if (parse.Action is ParseErrorAction || parse.Errors.Count > 0 || Misspelt(parse) is not null || Misplaced(parse) is not null)
        {
            var (cause, help) = parse.CommandResult.Command is Verb verb
                ? (Cause(parse), $"faultline {verb.Path} --help")
                : (parse.UnmatchedTokens is [var word, ..] ? $"there is no command '{word}'" : "no command given", "faultline --help");
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

    // The library's messages have lists of several lines, and names of .NET types.
    private static string Cause(ParseResult parse)
    {
        if (Misspelt(parse) is { } option) return $"{parse.CommandResult.Command.Name} has no option '{option}'";
        if (Misplaced(parse) is { } misplaced) return $"'{misplaced}' must stand behind '{parse.CommandResult.Command.Name}'";
        var message = parse.Errors[0].Message.ReplaceLineEndings("\n").Replace(":\n\t", ": ").Replace("\n\t", ", ");
        var type = message.IndexOf(" as expected type", StringComparison.Ordinal);
        return type < 0 ? message : message[..type] + ": a number is expected";
    }

    // What looks like an option and is none would be taken for the first argument; after `--` it is one.
    private static string? Misspelt(ParseResult parse)
    {
        var stated = parse.Tokens.TakeWhile(token => token.Type != TokenType.DoubleDash).Select(token => token.Value).ToHashSet();
        return parse.CommandResult.Children.OfType<ArgumentResult>().SelectMany(argument => argument.Tokens.Take(1)).Select(token => token.Value)
            .FirstOrDefault(value => value.Length > 1 && value[0] == '-' && stated.Contains(value));
    }

    // `bench --json ebizzy` would run ebizzy and forget --json.
    private static string? Misplaced(ParseResult parse) => parse.CommandResult.Parent is CommandResult { Command: Verb } before
        ? before.Children.OfType<OptionResult>().FirstOrDefault(option => option is { Implicit: false, Option: not HelpOption })?.Option.Name
        : null;

    private static RootCommand Build(CliContext context)
    {
        var root = new RootCommand("Record, inspect and replay the memory calls and page faults of real programs.")
        {
            new RecordCommand(context),
            new ImportCommand(context),
            new InfoCommand(context),
            new ReplayCommand(context),
            new MapsCommand(context),
            new BenchCommand(context),
        };
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new ExamplesHelp((HelpAction)help.Action!, s_examples);
        return root;
    }
}
