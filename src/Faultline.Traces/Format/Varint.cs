using System.Buffers;

namespace Faultline.Traces.Format;

/// <summary>LEB128: seven bits a byte, low bits first, the high bit says that more follow.</summary>
internal static class Varint
{
    public const int MaxBytes = 10;

    private const int GroupBits = 7;
    private const byte More = 1 << GroupBits;

    public static void Write(ArrayBufferWriter<byte> output, ulong value)
    {
        var span = output.GetSpan(MaxBytes);
        var length = 0;
        for (; value >= More; value >>= GroupBits) span[length++] = (byte)(value | More);
        span[length++] = (byte)value;
        output.Advance(length);
    }

    /// <summary>Reads at <paramref name="position"/> and moves it; false when the bytes end first or hold more than 64 bits.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, ref int position, out ulong value)
    {
        value = 0;
        for (var shift = 0; shift < MaxBytes * GroupBits; shift += GroupBits)
        {
            if ((uint)position >= (uint)bytes.Length) return false;
            var b = bytes[position++];
            value |= (ulong)(b & (More - 1)) << shift;
            if (b < More) return shift < (MaxBytes - 1) * GroupBits || b <= 1;
        }
        return false;
    }

    /// <summary>Small for small numbers of either sign.</summary>
    public static ulong Zigzag(long value) => (ulong)((value << 1) ^ (value >> 63));

    public static long Unzigzag(ulong value) => (long)(value >> 1) ^ -(long)(value & 1);
}
