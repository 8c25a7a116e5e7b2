using System.Globalization;
using Faultline.Differential.Programs;

namespace Faultline.Differential;

/// <summary>Where the regions begin on this host, and names for addresses that do not depend on it.</summary>
/// <param name="Top">End of the first map without a hint.</param>
/// <param name="Heap">The heap's start.</param>
internal sealed record Layout(ulong Top, ulong Heap)
{
    public const ulong PageSize = 4096;
    public const ulong Window = 0x1000_0000_0000;
    private const ulong Low = 0x4000_0000;

    // Names are given to addresses up to this many pages away from where a region begins.
    private const long Near = 0x1_0000;

    private static readonly Region[] s_regions = [Region.Window, Region.Top, Region.Heap, Region.Low];

    public ulong Address(Place place) => place.Region == Region.Null
        ? (ulong)place.Byte
        : Base(place.Region) + ((ulong)place.Page * PageSize) + (ulong)place.Byte;

    public string Describe(ulong address)
    {
        foreach (Region region in s_regions)
        {
            long distance = (long)(address - Base(region));
            if (Math.Abs(distance) < Near * (long)PageSize)
            {
                return new Place(region, (int)(distance >> 12), (int)(distance & 4095)).ToString();
            }
        }

        return address.ToString("x", CultureInfo.InvariantCulture);
    }

    private ulong Base(Region region) => region switch
    {
        Region.Window => Window,
        Region.Top => Top,
        Region.Heap => Heap,
        Region.Low => Low,
        _ => 0,
    };
}
