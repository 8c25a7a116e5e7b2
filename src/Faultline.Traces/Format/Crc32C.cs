using System.Buffers.Binary;
using System.Numerics;

namespace Faultline.Traces.Format;

/// <summary>CRC-32C (Castagnoli), one instruction per eight bytes where the processor has it.</summary>
internal static class Crc32C
{
    private const uint Seed = uint.MaxValue;

    /// <summary>The checksum of two pieces, one after the other.</summary>
    public static uint Compute(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second = default) => ~Add(Add(Seed, first), second);

    private static uint Add(uint crc, ReadOnlySpan<byte> bytes)
    {
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (var b in bytes) crc = BitOperations.Crc32C(crc, b);
        return crc;
    }
}
