namespace Faultline;

/// <summary>Page arithmetic. Addresses and lengths are in bytes unless a name says pages.</summary>
internal static class Page
{
    public const int Shift = 12;
    public const int Size = 1 << Shift;
    public const ulong OffsetMask = Size - 1;

    /// <summary>The first byte of the page that holds <paramref name="address"/>.</summary>
    public static ulong Floor(ulong address) => address & ~OffsetMask;

    /// <summary>Rounds up to a page boundary; wraps to 0 at the top, which callers reject as too long.</summary>
    public static ulong Ceiling(ulong address) => (address + OffsetMask) & ~OffsetMask;

    public static bool IsAligned(ulong address) => (address & OffsetMask) == 0;

    public static ulong Count(ulong bytes) => bytes >> Shift;
}
