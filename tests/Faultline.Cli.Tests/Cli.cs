namespace Faultline.Cli.Tests;

/// <summary>Runs the tool in this process and keeps what it printed.</summary>
internal sealed record Cli(int ExitCode, string Output, string Error)
{
    public static Cli Run(params string[] arguments) => Run(CancellationToken.None, arguments);

    public static Cli Run(CancellationToken cancellation, params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        using var interrupts = new Interrupts(cancellation);
        var exitCode = CommandLine.Run(arguments, new CliContext(output, error, errorIsTerminal: false, interrupts));
        return new Cli(exitCode, output.ToString(), error.ToString());
    }
}
