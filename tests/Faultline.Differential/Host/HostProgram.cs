using System.Buffers.Binary;

namespace Faultline.Differential.Host;

/// <summary>
/// The program that the host runs: two pages and no library, so that nothing but the steps changes its memory. Rejected: a program that every host has, whose
/// loader, heap and thread registration (rseq, which the kernel writes to after each stop) would have to be taken down by injected calls.
/// <code>
/// 0x400000  data    rw-   where calls find their buffers
/// 0x401000  text    r-x   ELF header; the instructions that are stepped through
/// 0x402000                the heap begins here
/// </code>
/// </summary>
internal static class HostProgram
{
    public const ulong Data = 0x40_0000;
    public const ulong Text = 0x40_1000;
    public const ulong End = 0x40_2000;

    /// <summary>How many areas the program has of its own.</summary>
    public const int Areas = 2;

    /// <summary><c>syscall</c>.</summary>
    public const ulong SystemCall = Text + 0x100;

    /// <summary><c>mov al, [rdi]</c>.</summary>
    public const ulong Load = Text + 0x110;

    /// <summary><c>mov [rdi], sil</c>.</summary>
    public const ulong Store = Text + 0x120;

    private const ulong Entry = Text + 0x130;
    private const int PageSize = 4096, HeaderSize = 64, SegmentSize = 56;
    private const int ReadWrite = 6, ReadExecute = 5;

    /// <summary>The file: a page of text, a page of data.</summary>
    public static byte[] Image()
    {
        byte[] image = new byte[2 * PageSize];
        Span<byte> header = image;
        "\u007fELF\u0002\u0001\u0001"u8.CopyTo(header);
        BinaryPrimitives.WriteUInt16LittleEndian(header[16..], 2); // ET_EXEC
        BinaryPrimitives.WriteUInt16LittleEndian(header[18..], 62); // EM_X86_64
        BinaryPrimitives.WriteUInt32LittleEndian(header[20..], 1);
        BinaryPrimitives.WriteUInt64LittleEndian(header[24..], Entry);
        BinaryPrimitives.WriteUInt64LittleEndian(header[32..], HeaderSize);
        BinaryPrimitives.WriteUInt16LittleEndian(header[52..], HeaderSize);
        BinaryPrimitives.WriteUInt16LittleEndian(header[54..], SegmentSize);
        BinaryPrimitives.WriteUInt16LittleEndian(header[56..], 3);
        WriteSegment(header[HeaderSize..], ReadWrite, PageSize, Data, PageSize);
        WriteSegment(header[(HeaderSize + SegmentSize)..], ReadExecute, 0, Text, PageSize);

        // Where nothing is: the kernel takes the last segment for the program's data, which RLIMIT_DATA counts together with the heap.
        WriteSegment(header[(HeaderSize + (2 * SegmentSize))..], ReadWrite, 0, End, 0);

        WriteCode(image, SystemCall, [0x0f, 0x05]);
        WriteCode(image, Load, [0x8a, 0x07]);
        WriteCode(image, Store, [0x40, 0x88, 0x37]);
        WriteCode(image, Entry, [0xb8, 0x22, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7]); // for (;;) pause();
        return image;
    }

    private static void WriteSegment(Span<byte> at, uint rights, ulong offset, ulong address, ulong size)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(at, 1); // PT_LOAD
        BinaryPrimitives.WriteUInt32LittleEndian(at[4..], rights);
        BinaryPrimitives.WriteUInt64LittleEndian(at[8..], offset);
        BinaryPrimitives.WriteUInt64LittleEndian(at[16..], address);
        BinaryPrimitives.WriteUInt64LittleEndian(at[24..], address);
        BinaryPrimitives.WriteUInt64LittleEndian(at[32..], size);
        BinaryPrimitives.WriteUInt64LittleEndian(at[40..], size);
        BinaryPrimitives.WriteUInt64LittleEndian(at[48..], PageSize);
    }

    private static void WriteCode(byte[] image, ulong address, ReadOnlySpan<byte> code) => code.CopyTo(image.AsSpan((int)(address - Text)));
}
