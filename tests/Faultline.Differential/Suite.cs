using Faultline.Differential.Host;

namespace Faultline.Differential;

/// <summary>What all tests of the suite begin with.</summary>
internal static class Suite
{
    /// <summary>Starts both sides. Where the host cannot be driven the test is skipped: it has passed nothing.</summary>
    public static LockStep StartOrSkip(long? frames = null)
    {
        try
        {
            return frames is { } count ? LockStep.Start(count) : LockStep.Start();
        }
        catch (HostException missing)
        {
            Assert.Skip($"Inconclusive: nothing was compared with the host's kernel. {missing.Message}");
            throw;
        }
    }
}
