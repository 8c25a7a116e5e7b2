using Faultline.Areas;

namespace Faultline;

/// <content>Stacks.</content>
public sealed partial class AddressSpace
{
    /// <summary>
    /// Grows the stack area above <paramref name="address"/> down to it, if there is one and the limits admit it (<c>mm/vma.c:expand_downwards()</c>). Called
    /// by the classic fault path with <see cref="MmapLock"/> held for write; replaces the area.
    /// </summary>
    /// <returns>True if an area now covers the address: it grew, or another thread was first.</returns>
    internal bool TryGrowStack(ulong address)
    {
        address = Page.Floor(address);
        if (Areas.FindFirstEndingAfter(address) is not { } area) return false;
        if (area.Start <= address) return true;
        if (!StackGrowth.IsClear(this, area, address)) return false;

        // Also when a limit then refuses. That the stack counts as written from here on shows in what mprotect and merging do with it.
        if (area.AnonVma is null) AnonVmaPreparation.Prepare(this, area);
        if (!StackGrowth.IsAdmitted(this, area, address)) return false;

        AreaShape shape = _change.Frozen(area);
        shape = shape with { Start = address, PageOffset = shape.PageOffset - Page.Count(area.Start - address) };
        _change.Splice(address, area.End, shape, MergeKind.None);
        _change.Release();
        _change.Finish();
        return true;
    }
}
