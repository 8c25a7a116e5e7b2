namespace Faultline.Workloads;

/// <summary>One program that memory managers are measured with.</summary>
public abstract class Workload
{
    /// <summary>As the command line knows it.</summary>
    public abstract string Name { get; }

    /// <summary>One line for people: what a thread does again and again.</summary>
    public abstract string Summary { get; }

    /// <summary>What is counted, in the plural: "faults", "records".</summary>
    public abstract string Operations { get; }

    /// <summary>What the latencies are of: one of these at a time is timed.</summary>
    public virtual string Timed => "fault";

    /// <summary>The sizes that it knows.</summary>
    public virtual WorkloadSizes Sizes => WorkloadSizes.None;

    /// <summary>What others measured with it, and published.</summary>
    public virtual IReadOnlyList<PublishedRatio> Published => [];

    /// <summary>False if the benchmarking process cannot lend itself: the host is then left out, and <see cref="NotOnHost"/> says why.</summary>
    public bool RunsOnHost => NotOnHost is null;

    /// <summary>Why the host's own run is left out; null if it is not.</summary>
    public virtual string? NotOnHost => null;

    /// <summary>Bytes of memory that a program needs at its fullest, page tables left out.</summary>
    public abstract ulong BytesNeeded(int threads, WorkloadOptions options);

    /// <summary>Bytes of the files that its program makes, which the host keeps in memory besides.</summary>
    public virtual ulong FileBytesNeeded(int threads, WorkloadOptions options) => 0;

    /// <summary>Sets up what the threads share, and returns a task for each.</summary>
    public abstract IReadOnlyList<WorkloadTask> Prepare<TThread>(IProgram<TThread> program, int threads, WorkloadOptions options)
        where TThread : struct, IProgramThread;

    /// <inheritdoc/>
    public override string ToString() => Name;
}
