using System.Buffers.Binary;

namespace Faultline.Traces.Format;

/// <summary>What stands before a block's stored bytes.</summary>
internal readonly record struct BlockHeader(uint Tag, int Stored, int Raw, int Events)
{
    public const uint HeadTag = 0x4441_4548;   // "HEAD": JSON of TraceHeader
    public const uint EventsTag = 0x544E_5645; // "EVNT": columns
    public const uint TailTag = 0x4C49_4154;   // "TAIL": JSON of TraceTotals

    private const int StoredAt = sizeof(uint), RawAt = StoredAt + sizeof(int), EventsAt = RawAt + sizeof(int), CrcAt = EventsAt + sizeof(int);

    public const int Size = CrcAt + sizeof(uint);

    /// <summary>Writes the header with the checksum of itself and <paramref name="stored"/>.</summary>
    public void Write(Span<byte> bytes, ReadOnlySpan<byte> stored)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Tag);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[StoredAt..], Stored);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[RawAt..], Raw);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[EventsAt..], Events);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[CrcAt..], Crc32C.Compute(bytes[..CrcAt], stored));
    }

    /// <summary>Reads the fields; nothing in them is to be trusted before <see cref="IsSound"/>, but <see cref="IsPlausible"/> bounds them.</summary>
    public static BlockHeader Read(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        BinaryPrimitives.ReadInt32LittleEndian(bytes[StoredAt..]),
        BinaryPrimitives.ReadInt32LittleEndian(bytes[RawAt..]),
        BinaryPrimitives.ReadInt32LittleEndian(bytes[EventsAt..]));

    /// <summary>A known tag and lengths that a writer could have written.</summary>
    public bool IsPlausible =>
        Tag is HeadTag or EventsTag or TailTag
        && Stored is >= 0 and <= FileLayout.MaxBlockBytes
        && Raw is >= 0 and <= FileLayout.MaxBlockBytes
        && Events >= 0 && Events <= Raw;

    /// <summary>The checksum holds over header and stored bytes.</summary>
    public static bool IsSound(ReadOnlySpan<byte> header, ReadOnlySpan<byte> stored) =>
        BinaryPrimitives.ReadUInt32LittleEndian(header[CrcAt..]) == Crc32C.Compute(header[..CrcAt], stored);
}
