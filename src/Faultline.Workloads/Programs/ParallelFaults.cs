namespace Faultline.Workloads.Programs;

/// <summary>pft: one region, cut in equal parts, of which each thread touches its own once. One area, no writer: what the read side alone costs.</summary>
internal sealed class ParallelFaults : Workload
{
    private const ulong PagesPerStep = 1024;

    public override string Name => "pft";

    public override string Summary => "one area, 128 MiB for each thread, a byte written to each page once";

    public override string Operations => "faults";

    public override WorkloadSizes Sizes => WorkloadSizes.Region;

    public override IReadOnlyList<PublishedRatio> Published =>
    [
        new("2022 series", "48 CPUs, x86", "pft, 48 threads, throughput", 3.7),
        new("2022 series", "80 CPUs, x86", "pft, 12 threads, elapsed time", 1.179),
        new("2022 series", "80 CPUs, x86", "pft, 80 threads, elapsed time", 1.934),
    ];

    public override ulong BytesNeeded(int threads, WorkloadOptions options) => (ulong)threads * options.RegionBytes;

    public override IReadOnlyList<WorkloadTask> Prepare<TThread>(IProgram<TThread> program, int threads, WorkloadOptions options)
    {
        var all = Enumerable.Range(0, threads).Select(_ => program.CreateThread()).ToArray();
        ulong region = all[0].Map((ulong)threads * options.RegionBytes);
        return [.. all.Select((thread, i) => new Task<TThread>(thread, region + ((ulong)i * options.RegionBytes), options))];
    }

    private sealed class Task<TThread>(TThread thread, ulong start, WorkloadOptions options) : WorkloadTask
        where TThread : struct, IProgramThread
    {
        private PageToucher<TThread> _toucher = new(thread, options.VerifyEveryPage, isFile: false);
        private ulong _done;
        private byte _value = 1;

        public override long Step(LatencySampler latency)
        {
            // The original ends here. Going on means to empty the part again: by madvise, which takes the lock for read, so that there still is no writer.
            if (_done == options.RegionBytes)
            {
                thread.Discard(start, options.RegionBytes);
                _done = 0;
                _value = (byte)(_value == byte.MaxValue ? 1 : _value + 1);
            }

            ulong length = Math.Min(PagesPerStep * Pages.Size, options.RegionBytes - _done);
            _toucher.Touch(start + _done, length, _value, latency);
            _done += length;
            return (long)(length / Pages.Size);
        }

        /// <summary>All that was touched holds this pass's byte, and nothing beyond it any.</summary>
        public override void Verify()
        {
            for (ulong offset = 0; offset < options.RegionBytes; offset += Pages.Size)
            {
                ulong address = start + offset;
                WorkloadException.ThrowUnlessEqual("the part's byte", address, offset < _done ? _value : 0UL, thread.Read<byte>(address));
            }
        }

        public override void Dispose() => thread.Dispose();
    }
}
