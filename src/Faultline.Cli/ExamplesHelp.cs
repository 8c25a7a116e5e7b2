using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Faultline.Cli;

/// <summary>The library's help, then examples, and for the tool itself the exit codes.</summary>
internal sealed class ExamplesHelp(HelpAction inner, IReadOnlyList<string> rootExamples) : SynchronousCommandLineAction
{
    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        inner.Invoke(parseResult);
        var output = parseResult.InvocationConfiguration.Output;
        var command = parseResult.CommandResult.Command;
        var examples = command is Verb verb ? verb.Examples : rootExamples;

        output.WriteLine("Examples:");
        foreach (var example in examples) output.WriteLine("  " + example);
        output.WriteLine();
        if (command is RootCommand) output.WriteLine(ExitCode.Help);
        return ExitCode.Ok;
    }
}
