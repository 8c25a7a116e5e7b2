using Faultline.Workloads;

namespace Faultline.Cli.Bench.Workloads;

/// <summary>Runs a workload under every design and on the host, sample by sample in turn.</summary>
internal sealed class WorkloadBench(WorkloadPlan plan, Action<string> progress, CancellationToken cancellation)
{
    /// <summary>An odd number from which a median with an interval comes.</summary>
    public const int DefaultSamples = 7;

    /// <summary>As the original programs' samples.</summary>
    public static readonly TimeSpan DefaultTime = TimeSpan.FromSeconds(1);

    private const int MebibyteShift = 20;
    private static readonly TimeSpan s_burst = TimeSpan.FromMilliseconds(100);

    /// <summary>All runs.</summary>
    public WorkloadReport Run() => WorkloadReport.Of(plan, [.. plan.Threads.Select(Run)]);

    private ThreadsReport Run(int threads)
    {
        using var memory = Guest.Memory(Bytes(threads));
        List<Subject> subjects = [.. DesignSubject.All(memory)];
        if (plan.Workload.RunsOnHost && OperatingSystem.IsLinux()) subjects.Insert(0, new HostSubject());
        WarmUp(subjects, threads);

        var samples = subjects.Select(_ => new List<WorkloadSample>()).ToArray();
        for (int round = 0; round < plan.Samples; round++)
        {
            progress($"{plan.Workload}, {threads} threads: sample {round + 1} of {plan.Samples}");
            for (int turn = 0; turn < subjects.Count; turn++)
            {
                // Another one begins in each round, as in BenchRunner.
                int subject = (round + turn) % subjects.Count;
                GC.Collect();
                samples[subject].Add(subjects[subject].Sample(plan, threads, plan.Length, cancellation));
            }
        }

        return ThreadsReport.Of(threads, subjects, samples);
    }

    private void WarmUp(List<Subject> subjects, int threads)
    {
        var length = plan.Length.Time is { } time && time < s_burst ? plan.Length : WorkloadLength.For(s_burst);
        for (var settling = new Settling(subjects.Count); !settling.IsDone; settling.EndBurst())
        {
            progress($"{plan.Workload}, {threads} threads: warming up {settling.Burst}");
            for (int i = 0; i < subjects.Count; i++)
                settling.Note(i, subjects[i].Sample(plan, threads, length, cancellation).NanosecondsPerOperation);
            Thread.Sleep(Settling.Pause);
        }

        foreach (var subject in subjects) subject.Forget();
    }

    // Every accessor keeps some frames in hand.
    private long Bytes(int threads)
    {
        long bytes = (long)plan.Workload.BytesNeeded(threads, plan.Options) + ((long)threads << MebibyteShift);
        long needed = bytes + (long)plan.Workload.FileBytesNeeded(threads, plan.Options);
        return needed < GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2
            ? bytes
            : throw new CommandException(
                ExitCode.UnsupportedHost, $"{plan.Workload} with {threads} threads needs {needed >> MebibyteShift:N0} MiB of memory, more than half of what is here",
                "Use fewer threads or smaller sizes");
    }
}
