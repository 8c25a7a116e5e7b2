using System.Diagnostics;

namespace Faultline.Traces.Tests;

/// <summary>Records real programs where perf may trace; elsewhere these say why they did not run.</summary>
public sealed class RecorderTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("faultline-test-");

    private static readonly Lazy<string?> s_whyNot = new(() =>
    {
        try
        {
            var folder = Directory.CreateTempSubdirectory("faultline-test-");
            Record.PerfTool.Find().ProbeEvents(folder.FullName, CancellationToken.None);
            folder.Delete(recursive: true);
            return null;
        }
        catch (RecordException e)
        {
            return e.Message;
        }
    });

    public void Dispose() => _folder.Delete(recursive: true);

    private string Output => Path.Combine(_folder.FullName, "out.fltrace");

    private static void NeedsPerf() => Assert.SkipUnless(s_whyNot.Value == null, $"perf cannot record here: {s_whyNot.Value}");

    [Fact]
    public void WhenAProgramIsRecordedThenItsImageCallsAndFaultsAreThere()
    {
        NeedsPerf();
        var result = Recorder.Record(Output, ["sh", "-c", "(exit 3); exit 7"]);
        Assert.Equal((7, false, 0L), (result.ExitCode, result.Interrupted, result.Totals.Lost));

        var recording = Recording.Load(Output);
        Assert.Equal(7, recording.Header.ExitCode);
        Assert.Equal(["sh", "-c", "(exit 3); exit 7"], recording.Header.CommandLine);
        Assert.NotNull(recording.Header.Machine!.Kernel);
        var events = recording.Events.ToArray();
        var exec = Assert.Single(events, e => e.Kind == EventKind.Exec);
        Assert.EndsWith("sh", recording.Strings[exec.Exec.Path]);
        Assert.True(recording.MappingsOf(exec.Index).Length >= 5);

        // The subshell: a fork that copies, in a space of its own, with faults in both.
        var fork = Assert.Single(events, e => e.Kind == EventKind.Fork);
        Assert.False(fork.Fork.SharesSpace);
        Assert.NotEqual(fork.Space, fork.Fork.ChildSpace);
        Assert.All([fork.Space, fork.Fork.ChildSpace], space => Assert.Contains(events, e => e.Kind == EventKind.Fault && e.Space == space));
        Assert.Contains(events, e => e is { Kind: EventKind.Call, Call: { Number: SystemCall.Mmap, IsComplete: true } });
    }

    [Fact]
    public async Task WhenTheRecordingIsStoppedThenTheProgramEndsAndTheFileIsWhole()
    {
        NeedsPerf();
        var witness = Path.Combine(_folder.FullName, "runs");
        using var stop = new CancellationTokenSource();
        var watch = Stopwatch.StartNew();
        var recording = Task.Run(() => Recorder.Record(Output, ["sh", "-c", $"touch {witness}; exec sleep 60"], stop: stop.Token));

        // perf attaches for seconds before the program begins, longer on a busy machine.
        while (!File.Exists(witness) && !recording.IsCompleted) await Task.Delay(20, TestContext.Current.CancellationToken);
        stop.Cancel();
        var result = await recording;
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(50), "the program was not stopped");
        Assert.True(result.Interrupted);
        Assert.True(Recording.Load(Output).Header.Interrupted);
    }

    [Fact]
    public void WhenTheRecordingIsCancelledThenNothingIsLeft()
    {
        NeedsPerf();
        Assert.Throws<OperationCanceledException>(() => Recorder.Record(Output, ["true"], cancellation: new CancellationToken(true)));
        Assert.Empty(_folder.EnumerateFileSystemInfos());
    }

    [Fact]
    public void WhenTheProgramDoesNotExistThenNothingIsLeft()
    {
        Assert.SkipWhen(s_whyNot.Value?.Contains("not found", StringComparison.Ordinal) == true, "perf is looked for first");
        var error = Assert.Throws<RecordException>(() => Recorder.Record(Output, ["no-such-program"]));
        Assert.Equal(RecordFailure.ProgramNotFound, error.Failure);
        Assert.Contains("no-such-program", error.Message);
        Assert.Empty(_folder.EnumerateFileSystemInfos());
    }

    [Fact]
    public void WhenTheOutputCannotBeCreatedThenTheProgramIsNotRun()
    {
        var witness = Path.Combine(_folder.FullName, "ran");
        Assert.Throws<OutputException>(() => Recorder.Record(Path.Combine(_folder.FullName, "missing", "out.fltrace"), ["touch", witness]));
        Assert.False(File.Exists(witness));
    }
}
