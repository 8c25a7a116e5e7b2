using System.CommandLine;
using System.Globalization;

namespace Faultline.Cli;

/// <summary>One verb of the tool: its options, its help with examples, and what it does.</summary>
/// <remarks>A new verb is one file under <c>Commands/</c> and one line in <see cref="CommandLine"/>.</remarks>
internal abstract class Verb : Command
{
    /// <summary>Describes the verb; <paramref name="examples"/> are whole command lines.</summary>
    protected Verb(CliContext context, string name, string description, params string[] examples)
        : base(name, description)
    {
        Context = context;
        Examples = examples;
        SetAction(parse =>
        {
            try
            {
                return Run(parse);
            }
            catch (OperationCanceledException e)
            {
                throw new CommandException(ExitCode.Interrupted, "interrupted", WhatInterruptionLeaves, e);
            }
            finally
            {
                context.Progress.Clear();
            }
        });
    }

    /// <summary>Its words on a command line, without the tool's name.</summary>
    public string Path => Parents.OfType<Verb>().FirstOrDefault() is { } parent ? $"{parent.Path} {Name}" : Name;

    /// <summary>Printed below the options by <c>--help</c>.</summary>
    public IReadOnlyList<string> Examples { get; }

    /// <summary>Where to write, and what tells the verb to stop.</summary>
    protected CliContext Context { get; }

    /// <summary>What the user is told who interrupted it.</summary>
    protected virtual string WhatInterruptionLeaves => "Run it again to see a result";

    /// <summary>Does the work and returns an <see cref="ExitCode"/>; throws <see cref="CommandException"/> to end with an error.</summary>
    protected abstract int Run(ParseResult parse);

    /// <summary>A number with a decimal point, in whatever country: a comma is an error, not a separator of thousands.</summary>
    protected static Option<double?> DecimalOption(string name, string helpName, string description) => new(name)
    {
        HelpName = helpName,
        Description = description,
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)) return number;
            result.AddError($"'{text}' for option '{name}': a number is expected, such as 1.5.");
            return null;
        },
    };

    /// <summary>The shared <c>--json</c>; the verb adds it to itself and asks the parse result.</summary>
    protected static Option<bool> JsonOption() => new("--json") { Description = "Print one JSON document instead of tables." };
}
