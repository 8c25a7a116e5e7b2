using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Faultline.Translation;

/// <summary>One translation of a software TLB: three tags, one for each kind of access, and what to add to a guest address.</summary>
/// <remarks>
/// <code>
///   0          8          16         24         32
///   +----------+----------+----------+----------+
///   | ReadTag  | WriteTag | FetchTag |  Addend  |
///   +----------+----------+----------+----------+
///
///   tag:  63                    12 11         0
///        +------------------------+------------+
///        | page number            | 0          |      an access that is not aligned has low bits in its key: it misses
///        +------------------------+------------+
/// </code>
/// A tag holds the page's address if that access is allowed, else <see cref="Invalid"/>. Tags are written by the owner and overwritten with
/// <see cref="Invalid"/> by anyone who shoots the page down; the addend only by the owner, before the tags.
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = SizeInBytes)]
internal struct TlbEntry
{
    public const int SizeInBytes = 32;

    /// <summary>Matches no key: a key has all low bits set only if the access is as large as a page.</summary>
    public const ulong Invalid = ulong.MaxValue;

    // The key of accesses as large as a page and larger, which always miss: neither a page nor Invalid.
    private const ulong NeverHit = 1;

    /// <summary>Page that may be read.</summary>
    [FieldOffset(0)]
    public ulong ReadTag;

    /// <summary>Page that may be written: its entry is writable, accessed and dirty.</summary>
    [FieldOffset(8)]
    public ulong WriteTag;

    /// <summary>Page whose instructions may be fetched.</summary>
    [FieldOffset(16)]
    public ulong FetchTag;

    /// <summary>Host address of the page's frame less the page's guest address.</summary>
    [FieldOffset(24)]
    public ulong Addend;

    /// <summary>
    /// What an access of a <typeparamref name="T"/> at <paramref name="address"/> compares with a tag. Low bits survive if the access is not aligned to its
    /// size, so one comparison also sends accesses that might cross a page to the slow path.
    /// </summary>
    /// <remarks>Sizes that are no power of two are safe too: an offset without the bits of <c>size - 1</c> is at most <c>4096 - size</c>.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Key<T>(ulong address)
        where T : unmanaged =>
        Unsafe.SizeOf<T>() < Page.Size ? address & (~Page.OffsetMask | (ulong)(Unsafe.SizeOf<T>() - 1)) : NeverHit;
}
