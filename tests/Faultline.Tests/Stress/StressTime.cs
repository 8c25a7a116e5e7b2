using Faultline.Testing;

namespace Faultline.Tests.Stress;

/// <summary>What one stress test may take of <see cref="Budgets.Stress"/>, so that all of them together stay below it on a busy machine.</summary>
internal static class StressTime
{
    private const int Shares = 80;

    public static TimeSpan OfOneTest => Budgets.Stress / Shares;
}
