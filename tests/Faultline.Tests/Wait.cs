namespace Faultline.Tests;

/// <summary>Waiting for what another thread is about to do; a test that hangs fails instead.</summary>
internal static class Wait
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    public static void Until(Func<bool> condition, string otherwise) => Assert.True(SpinWait.SpinUntil(condition, s_patience), otherwise);

    /// <summary>Until somebody waits for the session.</summary>
    public static void UntilDue(MemoryAccessor.Session session)
    {
        long end = Environment.TickCount64 + (long)s_patience.TotalMilliseconds;
        while (!session.IsRenewalDue)
        {
            Assert.True(Environment.TickCount64 < end, "Nobody waits for the session.");
            Thread.Yield();
        }
    }

    /// <summary>Until a word can be read, renewing as a user would.</summary>
    public static ulong Until(MemoryAccessor.Session session, ulong address)
    {
        ulong value;
        while (!session.TryRead(address, out value)) session.Renew(address, AccessKind.Read);
        return value;
    }
}
