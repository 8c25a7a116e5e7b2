using Faultline.Traces;

namespace Faultline.Cli;

/// <summary>What every verb that makes or reads a recording says about what is missing in it.</summary>
internal static class TotalsReport
{
    /// <summary>Says on stderr that events were lost, and what that means.</summary>
    public static void WarnOfLosses(CliContext context, TraceTotals totals)
    {
        if (totals.Lost > 0)
        {
            context.Error.WriteLine(
                $"faultline: {totals.Lost:N0} events were lost while recording; a replay can show no agreement with Linux. "
                + "Record a shorter run, or on an idle machine.");
        }
    }
}
