using Faultline.Paging;

namespace Faultline.Areas;

/// <summary>The range of user addresses on x86-64 with four levels.</summary>
internal static class UserSpace
{
    /// <summary>First address that is not a user's (Linux <c>TASK_SIZE</c>): the last page below 2^47 is never mapped, as by Linux.</summary>
    public const ulong End = TableLevel.LowerHalfEnd - Page.Size;

    /// <summary>Where the search upwards starts, after a search downwards found nothing (<c>TASK_UNMAPPED_BASE</c>).</summary>
    public const ulong BottomUpBase = (End / 3 + Page.OffsetMask) & ~Page.OffsetMask;

    /// <summary>The window of <see cref="MapFlags.Low32Bit"/> (<c>arch/x86/kernel/sys_x86_64.c:find_start_end()</c>).</summary>
    public const ulong Low32BitStart = 0x4000_0000;

    /// <inheritdoc cref="Low32BitStart"/>
    public const ulong Low32BitEnd = 0x8000_0000;

    /// <summary>[<paramref name="start"/>, start + <paramref name="length"/>) lies within the user's addresses, without overflow.</summary>
    public static bool Contains(ulong start, ulong length) => length <= End && start <= End - length;
}
