using Faultline.Sync;

namespace Faultline;

/// <content>The run-time switch.</content>
public sealed partial class AddressSpace
{
    // 0 or 1. Written by whoever switches, read without order by every fault: one that has begun ends the way it began.
    private Word32 _speculation;

    // 1 once somebody has listened to FaultlineEvents. Written under the meter's gate or by the creating thread, read without order by every fault. Here and not asked of the event
    // source: that takes two lines of its own, which a fault that copies a page finds gone from the first cache.
    private Word32 _mayBeTraced;

    /// <summary>v12's patch 22 is on.</summary>
    internal readonly bool HasSingleThreadShortcut;

    /// <summary>False: nobody has ever listened to the events of faults.</summary>
    internal bool MayBeTraced => _mayBeTraced.LoadRelaxed() != 0;

    /// <summary>Somebody listens to the events of faults.</summary>
    internal void Trace() => _mayBeTraced.StoreRelease(1);

    /// <summary>
    /// Whether faults are tried without the address-space lock (v12's <c>vm.speculative_page_fault</c>, here for one space). May be changed at any time, also
    /// beside faults: both ways are always open. Faults that found it off are counted as <see cref="Faults.SpeculationAbort.SwitchedOff"/>. A forked child
    /// begins with its parent's setting; without effect under <see cref="FaultDesign.Classic"/>.
    /// </summary>
    public bool IsSpeculationEnabled
    {
        get => _speculation.LoadRelaxed() != 0;
        set => _speculation.StoreRelease(value ? 1u : 0);
    }
}
