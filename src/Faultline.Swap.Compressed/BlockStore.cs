namespace Faultline.Swap;

/// <summary>
/// Memory for compressed pages, in blocks of 64 sizes: a block wastes at most 63 bytes, and what one page gives back another of about its size takes.
/// </summary>
/// <remarks>
/// <code>
///   chunk of 64 KiB: blocks of one size
///   +--------+--------+--------+----- -----+--------+---+
///   |  page  |  free  |  page  |    ...    |  page  |   |  the rest is less than a block
///   +--------+--------+--------+----- -----+--------+---+
/// </code>
/// A chunk keeps its size for good. Thread-safe: each size has a lock of its own.
/// </remarks>
internal sealed class BlockStore
{
    private const int Unit = 64;
    private const int ChunkSize = 64 << 10;

    private readonly SizeClass[] _classes = new SizeClass[SwapDevice.PageSize / Unit];
    private readonly long _limit;

    // Interlocked.
    private long _bytes;

    /// <param name="limit">Bytes of all chunks together.</param>
    public BlockStore(long limit)
    {
        _limit = limit;
        for (int i = 0; i < _classes.Length; i++) _classes[i] = new SizeClass((i + 1) * Unit);
    }

    /// <summary>Bytes of all chunks together.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Keeps a copy of <paramref name="data"/>, 1 to 4096 bytes; false if the limit forbids it.</summary>
    public bool TryStore(ReadOnlySpan<byte> data, out Block block)
    {
        SizeClass sizes = ClassOf(data.Length);
        block = default;
        lock (sizes.Lock)
        {
            if (sizes.Free.Count == 0 && !TryGrow(sizes)) return false;
            (byte[] chunk, int offset) = sizes.Free.Pop();
            block = new Block(chunk, (ushort)offset, (ushort)data.Length);
        }

        // Nobody else knows the block yet.
        data.CopyTo(block.Chunk.AsSpan(block.Offset));
        return true;
    }

    /// <summary>The block's bytes, until it is freed.</summary>
    public static ReadOnlySpan<byte> BytesOf(in Block block) => block.Chunk.AsSpan(block.Offset, block.Length);

    /// <summary>Lets the block serve for another page.</summary>
    public void Free(in Block block)
    {
        SizeClass sizes = ClassOf(block.Length);
        lock (sizes.Lock) sizes.Free.Push((block.Chunk, block.Offset));
    }

    private SizeClass ClassOf(int length) => _classes[(length - 1) / Unit];

    private bool TryGrow(SizeClass sizes)
    {
        if (Interlocked.Add(ref _bytes, ChunkSize) > _limit)
        {
            Interlocked.Add(ref _bytes, -ChunkSize);
            return false;
        }

        byte[] chunk = GC.AllocateUninitializedArray<byte>(ChunkSize);
        for (int offset = ChunkSize - sizes.BlockSize; offset >= 0; offset -= sizes.BlockSize) sizes.Free.Push((chunk, offset));
        return true;
    }

    private sealed class SizeClass(int blockSize)
    {
        public readonly Lock Lock = new();

        public int BlockSize => blockSize;

        // Guarded by Lock.
        public Stack<(byte[] Chunk, int Offset)> Free { get; } = [];
    }
}

/// <summary>Where some bytes lie in a <see cref="BlockStore"/>.</summary>
internal readonly record struct Block(byte[] Chunk, ushort Offset, ushort Length);
