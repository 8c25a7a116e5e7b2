using System.Runtime.CompilerServices;
using Faultline.Areas;
using Faultline.Files;
using Faultline.Physical;

namespace Faultline.Paging;

/// <summary>
/// Tells pages that are counted from what an entry may map besides: the zero frame and the raw frames of devices (Linux <c>mm/memory.c:vm_normal_page()</c>).
/// </summary>
/// <remarks>
/// <para>With the special bit (<see cref="AddressSpaceOptions.HasSpecialBit"/>) the entry says it. Without, the area does: in a pure-frame map an entry is raw if
/// its frame is the one that the area's start and offset put there, since a private copy is always another; in a mixed map if its frame is the device's.</para>
/// <para>v12 needed the bit, for it could not trust start and offset of an area under change: they were written in place. Here they never change. A speculative fault
/// may look at any time; what it found counts once the area is validated under the table's lock.</para>
/// </remarks>
internal static class NormalPage
{
    /// <summary>The bit that a raw frame's or the zero frame's entry carries in this space.</summary>
    public static ulong RawBit(AddressSpace space) => space.Options.HasSpecialBit ? Pte.SpecialBit : 0;

    /// <summary>True if the entry's frame counts its mappings.</summary>
    /// <param name="space">Whose entry it is.</param>
    /// <param name="area">The area that holds the address, or held it until this call removed it; null if it is none with raw frames.</param>
    /// <param name="address">Of the page.</param>
    /// <param name="value">An entry that has a page.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Is(AddressSpace space, VmArea? area, ulong address, Pte value)
    {
        if (value.IsSpecial || value.Frame == PhysicalMemory.ZeroFrame) return false;
        return area is null || !area.HasRawFrames || space.Options.HasSpecialBit || IsByArea(area, address, value.Frame);
    }

    /// <summary>As above, for an address of any of the areas in <paramref name="raw"/> or of none.</summary>
    public static bool Is(AddressSpace space, ReadOnlySpan<VmArea> raw, ulong address, Pte value)
    {
        foreach (VmArea area in raw)
        {
            if (area.Contains(address)) return Is(space, area, address, value);
        }

        return Is(space, area: null, address, value);
    }

    private static bool IsByArea(VmArea area, ulong address, uint frame)
    {
        var device = (DeviceMemory)area.File!;
        if (area.Has(AreaFlags.MixedMap)) return !device.Owns(frame);

        // A shared pure-frame map has nothing else; in a private one everything else is a copy.
        return !area.Has(AreaFlags.Shared) && frame != device.FrameOf(area.PageIndex(address));
    }
}
