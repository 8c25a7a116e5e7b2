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

    /// <summary>Matches no key: no access is as large as a page.</summary>
    public const ulong Invalid = ulong.MaxValue;

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
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Key<T>(ulong address)
        where T : unmanaged => address & (~Page.OffsetMask | (ulong)(Unsafe.SizeOf<T>() - 1));
}
