using System.IO.Pipes;

namespace Faultline.Traces.Tests;

public class TraceInputTests
{
    [Fact]
    public void WhenARecordingComesThroughAPipeThenItIsReadAsFromAFile()
    {
        using var writer = new AnonymousPipeServerStream(PipeDirection.Out);
        using var reader = writer.ClientSafePipeHandle;
        writer.Write(File.ReadAllBytes(Samples.Named("fork.fltrace")));    // smaller than a pipe's buffer
        writer.Dispose();

        using var piped = TraceInput.Open($"/proc/self/fd/{reader.DangerousGetHandle()}", cancellation: TestContext.Current.CancellationToken);
        using var whole = TraceInput.Open(Samples.Named("fork.fltrace"), cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(Load(whole), Load(piped));

        static IEnumerable<(EventKind, long, int)> Load(TraceReader from) =>
            Recording.Load(from, TestContext.Current.CancellationToken).Events.ToArray().Select(e => (e.Kind, e.Time, e.ThreadId));
    }
}
