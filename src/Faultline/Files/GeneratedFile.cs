using System.Runtime.InteropServices;
using Faultline.Physical;

namespace Faultline.Files;

/// <summary>
/// A file whose contents are computed from its identity and the page number: stands in for a recorded file whose contents are not at hand. The
/// same identity always gives the same contents, and no two pages are alike.
/// </summary>
/// <param name="memory">Where its cached pages lie.</param>
/// <param name="name">The path, as <c>maps</c> prints it.</param>
/// <param name="identity">Device and inode, as <c>maps</c> prints them; decides the contents.</param>
/// <param name="length">Length in bytes, or null if the file has no end.</param>
public sealed class GeneratedFile(PhysicalMemory memory, string name, FileIdentity identity, ulong? length = null)
    : VmFile(memory, name, identity, length)
{
    // 2^64 divided by the golden ratio: consecutive multiples differ in their high and low bits.
    private const ulong Step = 0x9E3779B97F4A7C15;

    /// <inheritdoc/>
    public override bool SupportsSpeculation => true;

    /// <summary>The contents at a word's place: <c>ulong</c> number <paramref name="word"/> of the page, little-endian.</summary>
    internal static ulong WordAt(FileIdentity identity, ulong pageIndex, int word) => Seed(identity, pageIndex) + ((ulong)word * Step);

    /// <inheritdoc/>
    protected override void ReadPage(ulong pageIndex, Span<byte> destination)
    {
        ulong value = Seed(Identity, pageIndex);
        Span<ulong> words = MemoryMarshal.Cast<byte, ulong>(destination);
        for (int i = 0; i < words.Length; i++, value += Step)
        {
            words[i] = BitConverter.IsLittleEndian ? value : System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(value);
        }

    }

    private static ulong Seed(FileIdentity identity, ulong pageIndex)
    {
        ulong device = ((ulong)identity.Major << 32) | identity.Minor;
        return Mix(Mix(Mix(device) ^ identity.Inode) ^ pageIndex);
    }

    /// <summary>A bijection that spreads each bit over all (the finaliser of MurmurHash3).</summary>
    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 33)) * 0xFF51AFD7ED558CCD;
        value = (value ^ (value >> 33)) * 0xC4CEB9FE1A85EC53;
        return value ^ (value >> 33);
    }
}
