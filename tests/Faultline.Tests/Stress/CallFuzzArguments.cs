namespace Faultline.Tests.Stress;

/// <summary>Arguments for calls: sensible ones in a small window, among them the ends of the address space and of the numbers, and anything.</summary>
internal static class CallFuzzArguments
{
    public const ulong UserEnd = (1UL << 47) - P, Heap = 0x60_0000;

    private const ulong P = Page.Size, Window = 0x1000_0000_0000;

    private static readonly ulong[] s_edges =
    [
        0, 1, P - 1, P, P + 1, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 1UL << 32, UserEnd - P, UserEnd, UserEnd + 1, 1UL << 47, (1UL << 47) + P, 1UL << 48, 1UL << 52, 1UL << 63,
        long.MaxValue, ulong.MaxValue - (2 * P), ulong.MaxValue - P, ulong.MaxValue - P + 1, ulong.MaxValue,
    ];

    public static T Pick<T>(Random random) where T : struct, Enum => Enum.GetValues<T>() is var all ? all[random.Next(all.Length)] : default;

    public static ulong Address(Random random) => random.Next(10) switch
    {
        0 => s_edges[random.Next(s_edges.Length)] + (ulong)random.Next(-2, 3),
        1 => (ulong)random.NextInt64(long.MinValue, long.MaxValue),
        2 => Window + (ulong)random.Next(24 * (int)P),
        3 => 0,
        4 => Heap + (ulong)(random.Next(8) * (int)P),
        _ => Window + ((ulong)random.Next(24) * P),
    };

    public static ulong Length(Random random) => random.Next(10) switch
    {
        0 => s_edges[random.Next(s_edges.Length)] + (ulong)random.Next(-2, 3),
        1 => (ulong)random.NextInt64(long.MinValue, long.MaxValue),
        2 => (ulong)random.Next(12 * (int)P),
        _ => (ulong)random.Next(0, 9) * P,
    };

    public static MapFlags Flags(Random random) => random.Next(8) switch
    {
        0 => (MapFlags)random.Next(),
        1 => (MapFlags)(random.Next(4) | (1 << random.Next(31))),
        2 => MapFlags.Shared | MapFlags.Fixed,
        3 => MapFlags.Shared,
        4 => MapFlags.Private | (random.Next(2) == 0 ? MapFlags.Populate : MapFlags.GrowsDown),
        _ => MapFlags.Private | MapFlags.Fixed,
    };
}
