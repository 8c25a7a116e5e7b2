namespace Faultline.Cli;

/// <summary>Ends a verb with one line on stderr: what is wrong, and what the user can do about it.</summary>
internal sealed class CommandException(int exitCode, string cause, string cure, Exception? inner = null) : Exception(cause, inner)
{
    /// <summary>One of <see cref="Cli.ExitCode"/>.</summary>
    public int ExitCode { get; } = exitCode;

    /// <summary>What the user can do about it, without a final full stop.</summary>
    public string Cure { get; } = cure;
}
