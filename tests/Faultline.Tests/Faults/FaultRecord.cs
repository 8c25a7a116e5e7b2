using Faultline.Diagnostics;

namespace Faultline.Tests.Faults;

/// <summary>What a space's faults came to during one action: only the kinds that happened.</summary>
internal static class FaultRecord
{
    private static readonly FaultEvent[] s_kinds =
    [
        FaultEvent.ZeroPage, FaultEvent.NewPage, FaultEvent.Copy, FaultEvent.Reuse, FaultEvent.FilePage, FaultEvent.RawFrame, FaultEvent.Spurious, FaultEvent.Signal,
        FaultEvent.StackGrowth, FaultEvent.Refill,
    ];

    /// <summary>The kinds of faults, each as often as it happened; how they were resolved is checked here.</summary>
    public static FaultEvent[] Of(Guest guest, Action action, AddressSpace? space = null)
    {
        space ??= guest.Space;
        FaultStatistics before = space.FaultStatistics;
        try
        {
            action();
        }
        catch (MemoryFaultException)
        {
        }

        FaultStatistics after = space.FaultStatistics;
        FaultEvent[] happened = [.. s_kinds.SelectMany(kind => Enumerable.Repeat(kind, (int)(after[kind] - before[kind])))];
        int resolved = happened.Count(kind => kind is not (FaultEvent.Signal or FaultEvent.StackGrowth or FaultEvent.Refill));
        Assert.Equal(resolved, after.Resolved - before.Resolved);
        return happened;
    }
}
