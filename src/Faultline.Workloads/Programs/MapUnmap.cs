namespace Faultline.Workloads.Programs;

/// <summary>will-it-scale's mmap1, mmap2 and malloc1: map and unmap, with hardly a touch. Writers and nothing else.</summary>
internal sealed class MapUnmap(MapUnmap.Kind kind) : Workload
{
    /// <summary>What is mapped.</summary>
    public enum Kind
    {
        /// <summary>mmap1: anonymous memory, not touched.</summary>
        Anonymous,

        /// <summary>mmap2: a file of its own for each thread, private, not touched.</summary>
        PrivateFile,

        /// <summary>malloc1: what glibc does with a request beyond its mmap threshold. It writes the chunk's header, and free reads it.</summary>
        Malloc,
    }

    // glibc's header: the size with the bit that says "from mmap", behind an unused word.
    private const ulong HeaderOffset = 8, FromMmap = 2, HeaderPage = Pages.Size;

    public override string Name => kind switch
    {
        Kind.Anonymous => "mmap1",
        Kind.PrivateFile => "mmap2",
        _ => "malloc1",
    };

    public override string Summary => kind switch
    {
        Kind.Anonymous => "map and unmap 128 MiB of anonymous memory, untouched",
        Kind.PrivateFile => "map and unmap a file of 128 MiB privately, untouched",
        _ => "allocate and free 128 MiB as glibc does: map, write a header, unmap",
    };

    public override string Operations => "pairs";

    public override string Timed => "pair of calls";

    public override WorkloadSizes Sizes => WorkloadSizes.Region;

    public override IReadOnlyList<PublishedRatio> Published => kind == Kind.Malloc
        ?
        [
            new("v9", "192 CPUs, x86", "malloc1 in threads, huge pages", 5.698),
            new("v9", "192 CPUs, x86", "malloc1 in threads, no huge pages", 5.173),
        ]
        : [];

    // The page that malloc1 writes; of mmap2 the file, which is in memory.
    public override ulong BytesNeeded(int threads, WorkloadOptions options) =>
        (ulong)threads * (kind == Kind.PrivateFile ? options.RegionBytes : Pages.Size);

    public override ulong FileBytesNeeded(int threads, WorkloadOptions options) => kind == Kind.PrivateFile ? (ulong)threads * options.RegionBytes : 0;

    public override IReadOnlyList<WorkloadTask> Prepare<TThread>(IProgram<TThread> program, int threads, WorkloadOptions options)
    {
        var tasks = new WorkloadTask[threads];
        for (int i = 0; i < threads; i++)
        {
            int file = kind == Kind.PrivateFile ? program.CreateFile((int)(options.RegionBytes / Pages.Size)) : 0;
            tasks[i] = new Task<TThread>(kind, program.CreateThread(), file, options.RegionBytes);
        }

        return tasks;
    }

    private sealed class Task<TThread>(Kind kind, TThread thread, int file, ulong length) : WorkloadTask
        where TThread : struct, IProgramThread
    {
        public override long Step(LatencySampler latency)
        {
            bool timed = latency.IsDue();
            long before = timed ? LatencySampler.Now : 0;
            if (kind == Kind.Malloc) AllocateAndFree();
            else Pair();
            if (timed) latency.Record(before);
            return 1;
        }

        /// <summary>What the untouched mappings would have shown.</summary>
        public override void Verify()
        {
            if (kind == Kind.Malloc) return;
            ulong start = Map();
            ulong last = (length / Pages.Size) - 1, address = start + (last * Pages.Size);
            ulong expected = kind == Kind.PrivateFile ? FilePattern.WordAt(last, 0) : 0;
            WorkloadException.ThrowUnlessEqual("the last page's word", address, expected, thread.Read<ulong>(address));
            thread.Unmap(start, length);
        }

        public override void Dispose() => thread.Dispose();

        private ulong Map() => kind == Kind.PrivateFile ? thread.MapFile(file, length, shared: false) : thread.Map(length);

        private void Pair() => thread.Unmap(Map(), length);

        private void AllocateAndFree()
        {
            ulong size = length + HeaderPage;
            ulong start = thread.Map(size);
            thread.Write(start + HeaderOffset, size | FromMmap);
            ulong header = thread.Read<ulong>(start + HeaderOffset);
            WorkloadException.ThrowUnlessEqual("the chunk's header", start + HeaderOffset, size | FromMmap, header);
            thread.Unmap(start, header & ~FromMmap);
        }
    }
}
