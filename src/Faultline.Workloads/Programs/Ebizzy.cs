namespace Faultline.Workloads.Programs;

/// <summary>ebizzy with <c>-m</c> and, unless records are copied, <c>-T</c>: the load that v12 was sold with.</summary>
internal sealed class Ebizzy : Workload
{
    private const int RecordBytes = sizeof(ulong);
    private const byte Touched = 0xff;

    public override string Name => "ebizzy";

    public override string Summary => "map the size of a chunk, write a byte to each page (or copy a chunk and search it), unmap: one record";

    public override string Operations => "records";

    public override WorkloadSizes Sizes => WorkloadSizes.Chunks;

    public override IReadOnlyList<PublishedRatio> Published =>
    [
        new("v12", "24 CPUs, x86", "ebizzy -mTt 24, records/s", 1.708),
        new("v12", "1024 CPUs, Power 8", "ebizzy -mTt 1024, records/s", 2.023),
        new("v11", "16 CPUs, x86, virtual", "ebizzy -mTt 16, records/s", 2.007),
        new("v10", "16 CPUs, x86, virtual", "ebizzy -mTRp, records/s", 7.344),
    ];

    public override ulong BytesNeeded(int threads, WorkloadOptions options) => (ulong)(options.Chunks + threads) * options.ChunkBytes;

    public override IReadOnlyList<WorkloadTask> Prepare<TThread>(IProgram<TThread> program, int threads, WorkloadOptions options)
    {
        var all = Enumerable.Range(0, threads).Select(_ => program.CreateThread()).ToArray();
        var chunks = Enumerable.Range(0, options.Chunks).Select(i => MakeChunk(all[0], i, options)).ToArray();
        return [.. all.Select(thread => new Task<TThread>(thread, chunks, options))];
    }

    /// <summary>Filled with 0, 1, 2 …: what a search finds in it is where it found it.</summary>
    private static ulong MakeChunk<TThread>(TThread thread, int number, WorkloadOptions options)
        where TThread : struct, IProgramThread
    {
        ulong chunk = thread.Map(options.ChunkBytes);
        for (ulong i = 0; i < options.ChunkBytes / RecordBytes; i++) thread.Write(chunk + (i * RecordBytes), i);
        if (options.ProtectChunks && number % 2 == 0) thread.MakeReadOnly(chunk, options.ChunkBytes);
        return chunk;
    }

    private sealed class Task<TThread>(TThread thread, ulong[] chunks, WorkloadOptions options) : WorkloadTask
        where TThread : struct, IProgramThread
    {
        // As in the original, every thread begins with the same: they meet on the same chunks.
        private uint _random;
        private PageToucher<TThread> _toucher = new(thread, options.VerifyEveryPage, isFile: false);

        public override long Step(LatencySampler latency)
        {
            ulong chunk = chunks[Random((uint)chunks.Length)];
            ulong records = options.ChunkBytes / RecordBytes;
            if (options.RandomSize) records = Random((uint)records) + 1;
            ulong length = records * RecordBytes;
            if (options.CopyRecords) CopyAndSearch(chunk, records, latency);
            else Touch(length, latency);
            return 1;
        }

        /// <summary>The chunks are as they were made.</summary>
        public override void Verify()
        {
            foreach (ulong chunk in chunks)
            {
                for (ulong i = 0; i < options.ChunkBytes / RecordBytes; i++)
                {
                    ulong address = chunk + (i * RecordBytes);
                    WorkloadException.ThrowUnlessEqual("the chunk's word", address, i, thread.Read<ulong>(address));
                }
            }
        }

        public override void Dispose() => thread.Dispose();

        private void Touch(ulong length, LatencySampler latency)
        {
            ulong copy = thread.Map(length);
            _toucher.Touch(copy, Pages.Ceiling(length), Touched, latency);
            thread.Unmap(copy, length);
        }

        private void CopyAndSearch(ulong chunk, ulong records, LatencySampler latency)
        {
            ulong copy = thread.Map(records * RecordBytes);
            bool timed = latency.IsDue();
            long before = timed ? LatencySampler.Now : 0;
            thread.Copy(chunk, copy, (int)(records * RecordBytes));
            if (timed) latency.Record(before);
            ulong key = Random((uint)records);
            WorkloadException.ThrowUnlessEqual("the record found", copy, key, Search(copy, records, key));
            thread.Unmap(copy, records * RecordBytes);
        }

        /// <summary>Where in the sorted copy the key is: binary search.</summary>
        private ulong Search(ulong copy, ulong records, ulong key)
        {
            ulong low = 0, high = records - 1;
            while (low < high)
            {
                ulong middle = (low + high) / 2;
                if (thread.Read<ulong>(copy + (middle * RecordBytes)) < key) low = middle + 1;
                else high = middle;
            }

            return thread.Read<ulong>(copy + (low * RecordBytes));
        }

        /// <summary>A cheap linear congruence, of which the upper bits are used: below <paramref name="bound"/>.</summary>
        private uint Random(uint bound)
        {
            const uint Factor = 1103515245, Increment = 12345;
            _random = (_random * Factor) + Increment;
            return (uint)(((ulong)_random * bound) >> 32);
        }
    }
}
