using System.Diagnostics.Tracing;
using Faultline.Areas;
using Faultline.Faults;

namespace Faultline.Diagnostics;

/// <summary>
/// One event for each speculative fault that is resolved, starts again or gives up, by v12's names: <c>dotnet-trace collect --providers Faultline</c>. While
/// nobody has listened it costs a fault one test of a field of its space.
/// </summary>
/// <remarks>Fields as in v12's trace events: the address of the access and the area's bounds, 0 where no area was found. Writing allocates nothing.</remarks>
[EventSource(Name = FaultlineMeter.Name)]
internal sealed class FaultlineEvents : EventSource
{
    public static readonly FaultlineEvents Log = new();

    private FaultlineEvents()
    {
    }

    /// <summary>Numbers of the events; part of what listeners depend on, so they never change.</summary>
    private static class Id
    {
        public const int Resolved = 1;
        public const int AreaChanged = 2;
        public const int NoAnonVma = 3;
        public const int NotSupported = 4;
        public const int NotPermitted = 5;
        public const int EntryChanged = 6;
        public const int TableLockBusy = 7;
        public const int Other = 8;
    }

    /// <summary>Sends the spaces' faults here. They go on coming when nobody listens any more: this comes before the base class knows whether others still do.</summary>
    protected override void OnEventCommand(EventCommandEventArgs command)
    {
        if (command.Command == EventCommand.Enable) FaultlineMeter.TraceAll();
    }

    /// <summary>Beside <see cref="SpeculationNames"/>: which of several reasons with one name it was.</summary>
    [NonEvent]
    public void Aborted(ref FaultContext fault, SpeculationAbort reason)
    {
        if (!IsEnabled()) return;
        (long address, long start, long end) = Fields(ref fault);
        switch (reason)
        {
            case SpeculationAbort.AreaChanged or SpeculationAbort.AreaChangedUnderLock: spf_vma_changed(address, start, end); break;
            case SpeculationAbort.EntryChanged: spf_pmd_changed(address, start, end); break;
            case SpeculationAbort.NotPermitted: spf_vma_access(address, start, end); break;
            case SpeculationAbort.NotSupported or SpeculationAbort.PageAbsent or SpeculationAbort.UserFault: spf_vma_notsup(address, start, end); break;
            case SpeculationAbort.TableLockBusy: spf_pte_lock(address, start, end); break;
            default: spf_other(address, start, end); break;
        }
    }

    [NonEvent]
    public void Resolved(ref FaultContext fault)
    {
        if (!IsEnabled()) return;
        (long address, long start, long end) = Fields(ref fault);
        speculative_pgfault(address, start, end);
    }

    [NonEvent]
    public void NoAnonVma(ref FaultContext fault)
    {
        if (!IsEnabled()) return;
        (long address, long start, long end) = Fields(ref fault);
        spf_vma_noanon(address, start, end);
    }

#pragma warning disable IDE1006, CA1707, SA1300 // the thread's own spelling
    [Event(Id.Resolved, Level = EventLevel.Verbose)]
    private void speculative_pgfault(long address, long start, long end) => WriteEvent(Id.Resolved, address, start, end);

    [Event(Id.AreaChanged, Level = EventLevel.Informational)]
    private void spf_vma_changed(long address, long start, long end) => WriteEvent(Id.AreaChanged, address, start, end);

    [Event(Id.NoAnonVma, Level = EventLevel.Informational)]
    private void spf_vma_noanon(long address, long start, long end) => WriteEvent(Id.NoAnonVma, address, start, end);

    [Event(Id.NotSupported, Level = EventLevel.Informational)]
    private void spf_vma_notsup(long address, long start, long end) => WriteEvent(Id.NotSupported, address, start, end);

    [Event(Id.NotPermitted, Level = EventLevel.Informational)]
    private void spf_vma_access(long address, long start, long end) => WriteEvent(Id.NotPermitted, address, start, end);

    [Event(Id.EntryChanged, Level = EventLevel.Informational)]
    private void spf_pmd_changed(long address, long start, long end) => WriteEvent(Id.EntryChanged, address, start, end);

    [Event(Id.TableLockBusy, Level = EventLevel.Informational)]
    private void spf_pte_lock(long address, long start, long end) => WriteEvent(Id.TableLockBusy, address, start, end);

    [Event(Id.Other, Level = EventLevel.Informational)]
    private void spf_other(long address, long start, long end) => WriteEvent(Id.Other, address, start, end);
#pragma warning restore IDE1006, CA1707, SA1300

    private static (long Address, long Start, long End) Fields(ref FaultContext fault)
    {
        // Null until one is found; also after a pass that found none.
        VmArea? area = fault.Area;
        return ((long)fault.Address, (long)(area?.Start ?? 0), (long)(area?.End ?? 0));
    }
}
