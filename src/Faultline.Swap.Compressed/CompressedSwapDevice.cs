using K4os.Compression.LZ4;

namespace Faultline.Swap;

/// <summary>
/// Swaps to memory of the host, compressed by LZ4 (the role of Linux's zram). A page that does not shrink is kept as it is; one of zeroes takes nothing.
/// </summary>
public sealed class CompressedSwapDevice : SwapDevice
{
    private readonly BlockStore _store;

    // By slot. Chunk null: no page, or one of zeroes. Written by the one thread that writes or discards the slot; the engine orders that with the readers.
    private readonly Block[] _blocks;

    /// <summary>Creates the device.</summary>
    /// <param name="capacityInPages">Pages that it takes at most.</param>
    /// <param name="limitInBytes">Memory that it takes at most for compressed pages; null for no limit but <paramref name="capacityInPages"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is below 1, or there are more pages than a swap entry can name.</exception>
    public CompressedSwapDevice(int capacityInPages, long? limitInBytes = null)
        : base("compressed memory", capacityInPages)
    {
        if (limitInBytes is { } limit) ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit, nameof(limitInBytes));
        _store = new BlockStore(limitInBytes ?? long.MaxValue);
        _blocks = new Block[capacityInPages];
    }

    /// <summary>Memory taken for compressed pages, those that were freed included.</summary>
    public long BytesInUse => _store.Bytes;

    /// <inheritdoc/>
    protected override bool TryWrite(int slot, ReadOnlySpan<byte> page)
    {
        _blocks[slot] = default;
        if (!page.ContainsAnyExcept((byte)0)) return true;
        Span<byte> buffer = stackalloc byte[PageSize - 1];
        int length = LZ4Codec.Encode(page, buffer);
        return _store.TryStore(length > 0 ? buffer[..length] : page, out _blocks[slot]);
    }

    /// <inheritdoc/>
    protected override void Read(int slot, Span<byte> page)
    {
        Block block = _blocks[slot];
        if (block.Chunk is null)
        {
            page.Clear();
            return;
        }

        ReadOnlySpan<byte> bytes = BlockStore.BytesOf(block);
        if (bytes.Length == page.Length) bytes.CopyTo(page);
        else if (LZ4Codec.Decode(bytes, page) != page.Length) throw new IOException($"The compressed page in slot {slot} is damaged.");
    }

    /// <inheritdoc/>
    protected override void Discard(int slot)
    {
        Block block = _blocks[slot];
        if (block.Chunk is null) return;
        _blocks[slot] = default;
        _store.Free(block);
    }
}
