using System.Runtime.InteropServices;

namespace Faultline.Translation;

/// <summary>The native part of an accessor: what others look at, what others write, and the TLB, on lines of their own.</summary>
/// <remarks>
/// <code>
///   0        64       128      192      256                     256 + 8192
///   +--------+--------+--------+--------+-----------------------+
///   |Section |  (pad) |Pending |  (pad) |  Tlb                  |
///   +--------+--------+--------+--------+-----------------------+
///    owner             others
/// </code>
/// Pairs of lines, because the adjacent-line prefetcher moves 128 bytes.
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = SizeInBytes)]
internal struct AccessorBlock
{
    private const int LinePair = 128;
    private const int TlbOffset = 2 * LinePair;

    public const int SizeInBytes = TlbOffset + Tlb.SizeInBytes;

    /// <summary>
    /// Odd inside a walker section. Written by the owner: a full-fence exchange enters, a release store leaves. Read by whoever shoots down.
    /// </summary>
    [FieldOffset(0)]
    public ulong Section;

    /// <summary>Not zero: somebody waits for the section to end. Written by waiters, cleared by the owner outside sections; polled by sessions.</summary>
    [FieldOffset(LinePair)]
    public ulong Pending;

    /// <summary>First of the TLB's entries.</summary>
    [FieldOffset(TlbOffset)]
    public TlbEntry FirstEntry;
}
