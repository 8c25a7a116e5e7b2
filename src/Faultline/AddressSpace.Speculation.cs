using Faultline.Sync;

namespace Faultline;

/// <content>The run-time switch.</content>
public sealed partial class AddressSpace
{
    // 0 or 1. Written by whoever switches, read without order by every fault: one that has begun ends the way it began.
    private Word32 _speculation;

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
