namespace Faultline.Workloads.Programs;

/// <summary>will-it-scale's page_fault1, page_fault2 and page_fault3: map, write one byte to each page, unmap.</summary>
internal sealed class PageFault(PageFault.Kind kind) : Workload
{
    /// <summary>What is mapped.</summary>
    public enum Kind
    {
        /// <summary>Private anonymous memory.</summary>
        Anonymous = 1,

        /// <summary>A file of its own for each thread, private: each fault copies a cached page.</summary>
        PrivateFile = 2,

        /// <summary>The same, shared: each fault maps a cached page.</summary>
        SharedFile = 3,
    }

    public override string Name => $"page_fault{(int)kind}";

    public override string Summary => "map {0}, write a byte to each page, unmap".Replace(
        "{0}",
        kind switch
        {
            Kind.Anonymous => "128 MiB of anonymous memory",
            Kind.PrivateFile => "a file of 128 MiB, privately",
            _ => "a file of 128 MiB, shared",
        },
        StringComparison.Ordinal);

    public override string Operations => "faults";

    public override WorkloadSizes Sizes => WorkloadSizes.Region;

    public override IReadOnlyList<PublishedRatio> Published => kind switch
    {
        Kind.Anonymous => [new("v9", "192 CPUs, x86", "page_fault1 in threads, no huge pages", 1.364)],
        Kind.PrivateFile =>
        [
            new("v12", "72 CPUs, x86", "page_fault2 in threads, huge pages", 0.902),
            new("v12", "72 CPUs, x86", "page_fault2 in threads, no huge pages", 0.880),
            new("v12", "72 CPUs, x86", "the same kernel, switched on over off", 0.883),
        ],
        _ =>
        [
            new("v12", "72 CPUs, x86", "page_fault3 in threads, huge pages", 0.831),
            new("v12", "72 CPUs, x86", "page_fault3 in threads, no huge pages", 0.814),
            new("v12", "72 CPUs, x86", "the same kernel, switched on over off", 0.853),
        ],
    };

    // A private file has each page twice: cached and copied.
    public override ulong BytesNeeded(int threads, WorkloadOptions options) =>
        (ulong)threads * options.RegionBytes * (kind == Kind.PrivateFile ? 2UL : 1);

    public override ulong FileBytesNeeded(int threads, WorkloadOptions options) => kind == Kind.Anonymous ? 0 : (ulong)threads * options.RegionBytes;

    public override IReadOnlyList<WorkloadTask> Prepare<TThread>(IProgram<TThread> program, int threads, WorkloadOptions options)
    {
        var tasks = new WorkloadTask[threads];
        for (int i = 0; i < threads; i++)
        {
            int file = kind == Kind.Anonymous ? 0 : program.CreateFile((int)(options.RegionBytes / Pages.Size));
            var task = new Task<TThread>(kind, program.CreateThread(), file, options);
            task.FillCache();
            tasks[i] = task;
        }

        return tasks;
    }

    private sealed class Task<TThread>(Kind kind, TThread thread, int file, WorkloadOptions options) : WorkloadTask
        where TThread : struct, IProgramThread
    {
        private readonly ulong _length = options.RegionBytes;
        private PageToucher<TThread> _toucher = new(thread, options.VerifyEveryPage, kind != Kind.Anonymous);

        // What the last step wrote, and the next one writes plus one. 0: nothing yet.
        private byte _value;

        public override long Step(LatencySampler latency)
        {
            _value = (byte)(_value == byte.MaxValue ? 1 : _value + 1);
            ulong start = kind == Kind.Anonymous ? thread.Map(_length) : thread.MapFile(file, _length, kind == Kind.SharedFile);
            _toucher.Touch(start, _length, _value, latency);
            thread.Unmap(start, _length);
            return (long)(_length / Pages.Size);
        }

        /// <summary>Every page of the file is in memory before anything is measured, as after the original's warm-up.</summary>
        public void FillCache()
        {
            if (kind == Kind.Anonymous) return;
            ulong start = thread.MapFile(file, _length, shared: true);
            for (ulong offset = 0; offset < _length; offset += Pages.Size) thread.Read<byte>(start + offset);
            thread.Unmap(start, _length);
        }

        /// <summary>Private writes have left the file alone; shared ones are in it.</summary>
        public override void Verify()
        {
            if (kind == Kind.Anonymous) return;
            ulong start = thread.MapFile(file, _length, shared: true);
            for (ulong page = 0; page < _length / Pages.Size; page++)
            {
                ulong address = start + (page * Pages.Size);
                byte expected = kind == Kind.SharedFile && _value != 0 ? _value : (byte)FilePattern.WordAt(page, 0);
                WorkloadException.ThrowUnlessEqual("the file's byte", address, expected, thread.Read<byte>(address));
            }

            thread.Unmap(start, _length);
        }

        public override void Dispose() => thread.Dispose();
    }
}
