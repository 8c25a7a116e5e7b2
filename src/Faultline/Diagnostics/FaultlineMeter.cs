using System.Diagnostics.Metrics;
using Faultline.Faults;
using Faultline.Sync;

namespace Faultline.Diagnostics;

/// <summary>
/// The metrics of all address spaces of the process: <c>dotnet-counters monitor --counters Faultline</c>. Counters are summed when somebody reads them; until
/// then they cost nothing.
/// </summary>
public static class FaultlineMeter
{
    /// <summary>Name of the meter.</summary>
    public const string Name = "Faultline";

    /// <summary>Faults, by outcome (<c>speculative</c>, <c>classic</c>, <c>signal</c>).</summary>
    public const string Faults = "faultline.faults";

    /// <summary>Speculative attempts that gave up or started again, by reason.</summary>
    public const string Aborts = "faultline.speculation.aborts";

    /// <summary>The same events by v12's names: <c>speculative_pgfault</c>, <c>spf_vma_changed</c> and so on.</summary>
    public const string Speculation = "faultline.speculation";

    /// <summary>Time that threads waited for address-space locks, in seconds.</summary>
    public const string LockWait = "faultline.lock.wait";

    private static readonly Meter s_meter = new(Name);

    // Spaces that exist, and what those that are gone had counted. Guarded by s_gate.
    private static readonly List<WeakReference<AddressSpace>> s_spaces = [];
    private static readonly FaultCounters s_retired = new();
    private static long s_retiredWait;
    private static SpinGate s_gate = new(LockRank.Meter);

    static FaultlineMeter()
    {
        s_meter.CreateObservableCounter(Faults, MeasureFaults, "{fault}", "Page faults by outcome.");
        s_meter.CreateObservableCounter(Aborts, MeasureAborts, "{abort}", "Speculative attempts given up or restarted, by reason.");
        s_meter.CreateObservableCounter(Speculation, MeasureSpeculation, "{event}", "Ends of speculative passes, by the names of the v12 series.");
        s_meter.CreateObservableCounter(LockWait, MeasureLockWait, "s", "Time waited for address-space locks.");
    }

    internal static void Add(AddressSpace space)
    {
        s_gate.Enter();
        s_spaces.RemoveAll(static reference => !reference.TryGetTarget(out _));
        s_spaces.Add(new WeakReference<AddressSpace>(space));
        s_gate.Exit();

        // After the gate: a listener that came before it is seen here, and one that comes after it finds the space in the list.
        if (FaultlineEvents.Log.IsEnabled()) space.Trace();
    }

    /// <summary>Somebody listens to <see cref="FaultlineEvents"/>, in all spaces.</summary>
    internal static void TraceAll()
    {
        s_gate.Enter();
        foreach (WeakReference<AddressSpace> reference in s_spaces)
        {
            if (reference.TryGetTarget(out AddressSpace? space)) space.Trace();
        }

        s_gate.Exit();
    }

    /// <summary>The space is disposed of: keeps what it had counted.</summary>
    internal static void Retire(AddressSpace space)
    {
        s_gate.Enter();
        if (s_spaces.RemoveAll(reference => reference.TryGetTarget(out AddressSpace? other) && other == space) != 0)
        {
            s_retired.Add(space.Accessors.Sum());
            s_retiredWait += space.LockStatistics.TotalWaitedNanoseconds;
        }

        s_gate.Exit();
    }

    private static (FaultCounters Counters, long Waited) Sum()
    {
        var sum = new FaultCounters();
        s_gate.Enter();
        sum.Add(s_retired);
        long waited = s_retiredWait;
        foreach (WeakReference<AddressSpace> reference in s_spaces)
        {
            if (!reference.TryGetTarget(out AddressSpace? space)) continue;
            sum.Add(space.Accessors.Sum());
            waited += space.LockStatistics.TotalWaitedNanoseconds;
        }

        s_gate.Exit();
        return (sum, waited);
    }

    private static IEnumerable<Measurement<long>> MeasureFaults()
    {
        FaultCounters sum = Sum().Counters;
        yield return new(sum[FaultEvent.Speculative], new KeyValuePair<string, object?>("outcome", "speculative"));
        yield return new(sum[FaultEvent.Classic], new KeyValuePair<string, object?>("outcome", "classic"));
        yield return new(sum[FaultEvent.Signal], new KeyValuePair<string, object?>("outcome", "signal"));
    }

    private static IEnumerable<Measurement<long>> MeasureAborts()
    {
        FaultCounters sum = Sum().Counters;
        foreach (SpeculationAbort reason in Enum.GetValues<SpeculationAbort>())
            yield return new(sum[reason], new KeyValuePair<string, object?>("reason", reason.ToString()));
    }

    private static IEnumerable<Measurement<long>> MeasureSpeculation()
    {
        FaultCounters sum = Sum().Counters;
        yield return Named(SpeculationNames.Resolved, sum[FaultEvent.Speculative]);
        yield return Named(SpeculationNames.NoAnonVma, sum[FaultEvent.AnonVmaPrepared]);
        foreach (IGrouping<string, SpeculationAbort> reasons in Enum.GetValues<SpeculationAbort>().GroupBy(SpeculationNames.Of))
            yield return Named(reasons.Key, reasons.Sum(reason => sum[reason]));

        static Measurement<long> Named(string name, long count) => new(count, new KeyValuePair<string, object?>("event", name));
    }

    private static double MeasureLockWait() => Sum().Waited / 1e9;
}
