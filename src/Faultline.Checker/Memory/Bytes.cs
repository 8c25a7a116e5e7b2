using System.Runtime.CompilerServices;

namespace Faultline.Checker;

/// <summary>One to eight bytes of memory as a number.</summary>
internal static class Bytes
{
    public static ulong Read(ref byte bytes, int size) => size switch
    {
        1 => bytes,
        2 => Unsafe.ReadUnaligned<ushort>(ref bytes),
        4 => Unsafe.ReadUnaligned<uint>(ref bytes),
        8 => Unsafe.ReadUnaligned<ulong>(ref bytes),
        _ => throw OddSize(size),
    };

    public static void Write(ref byte bytes, int size, ulong value)
    {
        switch (size)
        {
            case 1: bytes = (byte)value; break;
            case 2: Unsafe.WriteUnaligned(ref bytes, (ushort)value); break;
            case 4: Unsafe.WriteUnaligned(ref bytes, (uint)value); break;
            case 8: Unsafe.WriteUnaligned(ref bytes, value); break;
            default: throw OddSize(size);
        }
    }

    private static NotSupportedException OddSize(int size) => new($"An atomic access has 1, 2, 4 or 8 bytes, not {size}.");
}
