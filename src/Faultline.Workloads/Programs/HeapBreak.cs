namespace Faultline.Workloads.Programs;

/// <summary>will-it-scale's brk1: the heap grows by a page and shrinks by a page; all threads move the end of the same heap.</summary>
internal sealed class HeapBreak : Workload
{
    // Below the end that moves, as in a process that has allocated something: the area is there and is only made longer.
    private const ulong KeptBytes = 16 * Pages.Size;

    private const long CallsPerStep = 2;

    public override string Name => "brk1";

    public override string Summary => "grow the heap by a page and shrink it again, all threads the same heap";

    public override string Operations => "calls";

    public override string Timed => "pair of calls";

    public override IReadOnlyList<PublishedRatio> Published =>
    [
        new("v9", "192 CPUs, x86", "brk1 in threads, no huge pages", 0.934),
        new("v11", "192 CPUs, x86", "brk1 in threads, no huge pages", 0.921),
    ];

    public override string NotOnHost => "the end of the heap belongs to the C library of the process that measures";

    public override ulong BytesNeeded(int threads, WorkloadOptions options) => KeptBytes + Pages.Size;

    public override IReadOnlyList<WorkloadTask> Prepare<TThread>(IProgram<TThread> program, int threads, WorkloadOptions options)
    {
        var all = Enumerable.Range(0, threads).Select(_ => program.CreateThread()).ToArray();
        ulong heap = all[0].Break;
        all[0].Break = heap + KeptBytes;
        all[0].Write(heap, heap);
        return [.. all.Select(thread => new Task<TThread>(thread, heap))];
    }

    private sealed class Task<TThread>(TThread thread, ulong heap) : WorkloadTask
        where TThread : struct, IProgramThread
    {
        private readonly ulong _end = thread.Break;

        // A copy that may be assigned through: primary constructor parameters of structure type cannot carry a property's set.
        private TThread _thread = thread;

        public override long Step(LatencySampler latency)
        {
            bool timed = latency.IsDue();
            long before = timed ? LatencySampler.Now : 0;
            _thread.Break = _end + Pages.Size;
            _thread.Break = _end;
            if (timed) latency.Record(before);
            return CallsPerStep;
        }

        /// <summary>The end is back where it was, and what lies below it has stayed.</summary>
        public override void Verify()
        {
            WorkloadException.ThrowUnlessEqual("the end of the heap", heap, _end, _thread.Break);
            WorkloadException.ThrowUnlessEqual("the heap's first word", heap, heap, _thread.Read<ulong>(heap));
        }

        public override void Dispose() => _thread.Dispose();
    }
}
