using System.Text;

namespace Faultline.Cli;

/// <summary>Standard output or standard error, which a full disk or a closed descriptor does not turn into a failure of the input.</summary>
internal sealed class StandardWriter : TextWriter
{
    private readonly TextWriter _inner;
    private readonly Action<Exception> _failed;

    private StandardWriter(TextWriter inner, Action<Exception> failed) => (_inner, _failed) = (inner, failed);

    /// <inheritdoc/>
    public override Encoding Encoding => _inner.Encoding;

    /// <summary>For results: a failure is <see cref="ExitCode.CannotCreate"/>.</summary>
    public static StandardWriter Output(TextWriter inner) => new(inner, static e =>
        throw new CommandException(ExitCode.CannotCreate, $"cannot write to standard output: {e.Message}", "Make room, or write it elsewhere", e));

    /// <summary>For messages: a failure has nobody to be told to, and the exit code still says what happened.</summary>
    public static StandardWriter Error(TextWriter inner) => new(inner, static _ => { });

    /// <inheritdoc/>
    public override void Write(char value) => Try(() => _inner.Write(value));

    /// <inheritdoc/>
    public override void Write(string? value) => Try(() => _inner.Write(value));

    /// <inheritdoc/>
    public override void Write(char[] buffer, int index, int count) => Try(() => _inner.Write(buffer, index, count));

    /// <inheritdoc/>
    public override void Flush() => Try(_inner.Flush);

    private void Try(Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _failed(e);
        }
    }
}
