using System.Buffers.Binary;

namespace Faultline.Traces.Format;

/// <summary>The fixed parts of a .fltrace file; <c>docs/traces.md</c> draws them. All numbers are little-endian.</summary>
/// <remarks>
/// <code>
/// prologue   magic[8]  version u16  zero u16  crc u32
/// block *    tag u32  stored u32  raw u32  events u32  crc u32 | zstd(raw bytes)      HEAD, EVNT …, TAIL
/// epilogue   tail block's offset u64  crc u32  end magic u32
/// </code>
/// Each crc covers everything before it in its part, and for a block the stored bytes too.
/// </remarks>
internal static class FileLayout
{
    public const ushort Version = 1;

    // As PNG does: a high bit, both line ends and an end-of-file mark, so that a text-mode copy is not mistaken for one.
    public const ulong Magic = 0x0A1A_0A0D_544C_4689;
    public const uint EndMagic = 0x444E_4546; // "FEND"

    public const int MagicSize = sizeof(ulong);

    private const int VersionSize = sizeof(ushort), ZeroSize = sizeof(ushort), CrcSize = sizeof(uint);
    private const int VersionAt = MagicSize, ZeroAt = VersionAt + VersionSize, PrologueCrcAt = ZeroAt + ZeroSize;
    public const int PrologueSize = PrologueCrcAt + CrcSize;

    public const int EpilogueSize = sizeof(ulong) + CrcSize + sizeof(uint);

    /// <summary>Events per block: enough for zstd to find repetitions, little enough to stay in cache.</summary>
    public const int EventsPerBlock = 16384;

    /// <summary>No block that a writer makes comes near; a damaged length must not make the reader allocate gigabytes.</summary>
    public const int MaxBlockBytes = 64 << 20;

    public static void WritePrologue(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[VersionAt..], Version);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[ZeroAt..], 0);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[PrologueCrcAt..], Crc32C.Compute(bytes[..PrologueCrcAt]));
    }

    public static bool HasMagic(ReadOnlySpan<byte> bytes) =>
        bytes.Length >= MagicSize && BinaryPrimitives.ReadUInt64LittleEndian(bytes) == Magic;

    public static ushort ReadVersion(ReadOnlySpan<byte> prologue) => BinaryPrimitives.ReadUInt16LittleEndian(prologue[VersionAt..]);

    public static bool IsPrologueSound(ReadOnlySpan<byte> prologue) =>
        BinaryPrimitives.ReadUInt32LittleEndian(prologue[PrologueCrcAt..]) == Crc32C.Compute(prologue[..PrologueCrcAt]);

    public static void WriteEpilogue(Span<byte> bytes, long tailOffset)
    {
        BinaryPrimitives.WriteInt64LittleEndian(bytes, tailOffset);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[sizeof(ulong)..], Crc32C.Compute(bytes[..sizeof(ulong)]));
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[(sizeof(ulong) + CrcSize)..], EndMagic);
    }

    /// <summary>The tail block's offset, or null when these bytes are not an epilogue.</summary>
    public static long? ReadEpilogue(ReadOnlySpan<byte> bytes) =>
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[(sizeof(ulong) + CrcSize)..]) == EndMagic
        && BinaryPrimitives.ReadUInt32LittleEndian(bytes[sizeof(ulong)..]) == Crc32C.Compute(bytes[..sizeof(ulong)])
            ? BinaryPrimitives.ReadInt64LittleEndian(bytes)
            : null;
}
