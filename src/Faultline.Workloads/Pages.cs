namespace Faultline.Workloads;

/// <summary>Pages as a program knows them.</summary>
internal static class Pages
{
    /// <summary>In bytes.</summary>
    public const int Size = 4096;

    /// <summary><paramref name="bytes"/> up to the end of their last page.</summary>
    public static ulong Ceiling(ulong bytes) => (bytes + Size - 1) / Size * Size;
}
