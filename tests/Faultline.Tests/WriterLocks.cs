namespace Faultline.Tests;

/// <summary>Which writer lock a test's space has: each run draws anew for every test, and repeats the draw with its seed.</summary>
internal static class WriterLocks
{
    private const uint FnvOffset = 2166136261, FnvPrime = 16777619;

    /// <summary>One that is legal with <paramref name="design"/>.</summary>
    public static WriterLock Draw(FaultDesign design)
    {
        if (design == FaultDesign.AreaLock) return WriterLock.MmapLock;
        uint hash = FnvOffset ^ (uint)Seed.Announce();
        foreach (char letter in TestContext.Current.Test?.TestDisplayName ?? "") hash = (hash ^ letter) * FnvPrime;
        var drawn = (WriterLock)((hash >> 16) % (uint)Enum.GetValues<WriterLock>().Length);
        TestContext.Current.TestOutputHelper?.WriteLine($"{design}, {drawn}");
        return drawn;
    }
}
