namespace Faultline.Workloads.Programs;

/// <summary>Threads that start: each maps some areas with a guard page, as for its stack and its arenas, touches some pages of each, and ends.</summary>
internal sealed class StartingThreads : Workload
{
    public override string Name => "thread_start";

    public override string Summary => "a thread starts: it maps areas with guard pages and touches pages of each; then it ends";

    public override string Operations => "threads";

    public override string Timed => "thread's start";

    public override WorkloadSizes Sizes => WorkloadSizes.Areas;

    public override IReadOnlyList<PublishedRatio> Published =>
    [
        new("2022 series", "Pixel 6, 8 CPUs", "spf_test 100 threads, 2 areas, 10 pages, time per thread", 5.773),
        new("2022 series", "Pixel 6, 8 CPUs", "spf_test 100 threads, 10 areas, 2 pages, time per thread", 1.543),
        new("2022 series", "Pixel 6, 8 CPUs", "spf_test 100 threads, 10 areas, 10 pages, time per thread", 3.785),
        new("2022 series", "Pixel 6, 8 CPUs", "spf_test 100 threads, 30 areas, 30 pages, time per thread", 6.159),
    ];

    public override ulong BytesNeeded(int threads, WorkloadOptions options) => (ulong)threads * (ulong)options.Areas * (ulong)(options.Pages + 1) * Pages.Size;

    public override IReadOnlyList<WorkloadTask> Prepare<TThread>(IProgram<TThread> program, int threads, WorkloadOptions options) =>
        [.. Enumerable.Range(0, threads).Select(_ => new Task<TThread>(program, options))];

    private sealed class Task<TThread>(IProgram<TThread> program, WorkloadOptions options) : WorkloadTask
        where TThread : struct, IProgramThread
    {
        private readonly ulong[] _areas = new ulong[options.Areas];
        private readonly ulong _touched = (ulong)options.Pages * Pages.Size;

        public override long Step(LatencySampler latency)
        {
            // All are timed: a start takes hundreds of times as long as reading the clock.
            long before = LatencySampler.Now;
            using var thread = program.CreateThread();
            for (int i = 0; i < _areas.Length; i++) _areas[i] = Start(thread);
            latency.Record(before);

            foreach (ulong area in _areas)
            {
                Check(thread, area);
                thread.Unmap(area, _touched + Pages.Size);
            }

            return 1;
        }

        public override void Dispose()
        {
        }

        /// <summary>A stack grows downwards, to the guard: the lowest page. Without it the areas of a thread would merge into one.</summary>
        private ulong Start(TThread thread)
        {
            ulong area = thread.Map(_touched + Pages.Size);
            thread.MakeReadOnly(area, Pages.Size);
            for (ulong offset = _touched; offset > 0; offset -= Pages.Size) thread.Write(area + offset, area + offset);
            return area;
        }

        private void Check(TThread thread, ulong area)
        {
            for (ulong offset = _touched; offset > 0; offset -= Pages.Size)
            {
                ulong address = area + offset;
                WorkloadException.ThrowUnlessEqual("the stack's word", address, address, thread.Read<ulong>(address));
                if (!options.VerifyEveryPage) return;
            }
        }
    }
}
