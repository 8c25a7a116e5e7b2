using System.Security.Cryptography;
using Faultline.Physical;
using Faultline.Testing;
using Faultline.Traces.Replay;

namespace Faultline.Traces.Tests.Fuzz;

/// <summary>
/// Sound recordings of what no kernel has done: what stands behind the reader has to cope with them. Each is read, summarised, planned, and replayed under some design
/// with few frames; it succeeds or ends in the documented error, and every frame comes home in either case.
/// </summary>
public class EventFuzzTests
{
    // What reading and planning so many events may allocate, most of it at once free again. What the replay's threads take shows in the size of the process.
    private const long Memory = 1L << 30;

    // Far more than the longest takes on a busy machine; less than what the loop takes for a hang.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(40);

    private static readonly long[] s_frames = [64, 512, 4096];

    private static readonly EventCorpus[] s_recordings =
    [
        EventCorpus.Of(Samples.Named("fork.fltrace"), 2000),
        EventCorpus.Of(Samples.Named("threads.fltrace"), 1500),
        EventCorpus.Of(Samples.Named("java-threads.fltrace"), 1200),
        EventCorpus.Of(Samples.Named("ebizzy-mTt4.fltrace"), 800),
    ];

    private int _attempts, _read, _planned, _replayed;

    [Fact]
    public void WhenEventsAreChangedThenTheRecordingIsPlannedAndReplayedAndAllFramesComeHome()
    {
        FuzzLoop.Run(Attempt);
        TestContext.Current.TestOutputHelper?.WriteLine($"{_attempts:N0} recordings: {Share(_read)} read, {Share(_planned)} planned, {Share(_replayed)} replayed to the end.");

        // What is written is sound, and any order of events has a plan. The replay may find that it needs more memory, or an image that cannot be.
        Assert.Equal((_attempts, _attempts), (_read, _planned));
        Assert.True(_attempts < FewAttempts || _replayed >= _attempts * LowestShare, $"Only {Share(_replayed)} were replayed to the end.");
    }

    // The smallest of the three sizes of memory suffices for few.
    private const double LowestShare = 0.1;

    // So few, on a busy machine, say nothing of a share.
    private const int FewAttempts = 30;

    private string Share(int count) => $"{100.0 * count / Math.Max(1, _attempts):F1} %";

    private bool Attempt(Random random)
    {
        var mutation = new EventMutation(random);
        EventCorpus events = Any(random), other = Any(random);
        byte[] file = EventCorpus.Write(mutation.Of(events.Header), mutation.Of(events, other));
        _attempts++;
        long before = GC.GetAllocatedBytesForCurrentThread();
        bool succeeded;
        try
        {
            succeeded = Run(file, random);
        }
        catch (Exception e) when (Save(file) is var saved)
        {
            throw new InvalidOperationException($"The input is saved as {saved}.", e);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, Memory);
        return succeeded;
    }

    private bool Run(byte[] file, Random random)
    {
        using (var reader = TraceReader.Open(new MemoryStream(file))) Assert.True(TraceSummary.Of(reader).DurationNanoseconds >= 0);
        Recording recording;
        using (var reader = TraceReader.Open(new MemoryStream(file))) recording = Recording.Load(reader);
        _read++;

        var options = new ReplayOptions
        {
            Designs = [DesignPair.All[random.Next(DesignPair.All.Count)]],
            OrderCalls = random.Next(2) == 0,
            ShortCut = random.Next(2) == 0,
        };
        using var patience = new CancellationTokenSource(s_patience);
        ReplayPlan plan = ReplayPlan.Of(recording, options.OrderCalls, patience.Token);
        Assert.True(plan.Survey.FrameBound >= 0);
        _planned++;

        using var memory = new PhysicalMemory(new PhysicalMemoryOptions { CapacityInFrames = s_frames[random.Next(s_frames.Length)] });
        long free = memory.FreeFrames;
        bool succeeded = Replay(plan, options, memory, patience.Token);
        Assert.Equal(free, memory.FreeFrames);
        if (succeeded) _replayed++;
        return succeeded;
    }

    private static bool Replay(ReplayPlan plan, ReplayOptions options, PhysicalMemory memory, CancellationToken cancellation)
    {
        using var run = new ReplayRun(plan, options.Designs[0], options, memory, cancellation)
        {
            Leaving = static (_, space) => Assert.NotNull(space.ExplainMaps()),
        };
        try
        {
            Assert.Equal(0, run.Run(static _ => { }).FramesLost);
            return true;
        }
        catch (ReplayException documented)
        {
            Assert.NotEmpty(documented.Cure);
            return false;
        }
    }

    private static EventCorpus Any(Random random) => s_recordings[random.Next(s_recordings.Length)];

    private static string Save(byte[] input)
    {
        string folder = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "Failures")).FullName;
        string file = Path.Combine(folder, Convert.ToHexStringLower(SHA256.HashData(input))[..12]);
        File.WriteAllBytes(file, input);
        return file;
    }
}
