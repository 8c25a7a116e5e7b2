using System.Text;
using Faultline.Areas;
using Faultline.Locking;

namespace Faultline;

/// <content>Looking at the areas.</content>
public sealed partial class AddressSpace
{
    /// <summary>The areas in address order, all as of one moment.</summary>
    public IReadOnlyList<AreaInfo> ListAreas()
    {
        EnterCall();
        RangeHold range = EnterRead(LockUser.Query, 0, UserSpace.End);
        try
        {
            var areas = new List<AreaInfo>(Areas.Count);
            foreach (VmArea area in Areas.Range(0, UserSpace.End)) areas.Add(AreaInfo.Of(area, NameOf(area)));
            return areas;
        }
        finally
        {
            ExitRead(range);
        }
    }

    /// <summary>The areas as <c>/proc/PID/maps</c> prints them.</summary>
    public string Maps()
    {
        var text = new StringBuilder();
        foreach (AreaInfo area in ListAreas()) AreaText.AppendLine(text, area);
        return text.ToString();
    }

    /// <summary>Each place where one area ends and another one begins, in address order, with what keeps the two apart; all as of one moment.</summary>
    public IReadOnlyList<AreaBoundary> ListBoundaries()
    {
        EnterCall();
        RangeHold range = EnterRead(LockUser.Query, 0, UserSpace.End);
        try
        {
            var boundaries = new List<AreaBoundary>();
            VmArea? below = null;
            foreach (VmArea area in Areas.Range(0, UserSpace.End))
            {
                if (below is not null && below.End == area.Start) boundaries.Add(BoundaryOf(below, area));
                below = area;
            }

            return boundaries;
        }
        finally
        {
            ExitRead(range);
        }
    }

    /// <summary>The areas as <see cref="Maps"/> prints them, and after each that another one follows directly a line that says why the two are not one.</summary>
    public string ExplainMaps()
    {
        EnterCall();
        var text = new StringBuilder();
        RangeHold range = EnterRead(LockUser.Query, 0, UserSpace.End);
        try
        {
            VmArea? below = null;
            foreach (VmArea area in Areas.Range(0, UserSpace.End))
            {
                if (below is not null && below.End == area.Start) text.Append("  | ").Append(BoundaryOf(below, area).Explanation).Append('\n');
                AreaText.AppendLine(text, AreaInfo.Of(area, NameOf(area)));
                below = area;
            }
        }
        finally
        {
            ExitRead(range);
        }

        return text.ToString();
    }

    // A fault may give an area its AnonVma meanwhile: then this is what held before, or what holds after.
    private AreaBoundary BoundaryOf(VmArea below, VmArea above) => new(
        AreaInfo.Of(below, NameOf(below)),
        AreaInfo.Of(above, NameOf(above)),
        MergeRules.Obstacles(AreaShape.Of(below, below.AnonVma), AreaShape.Of(above, above.AnonVma)));

    /// <summary>What stands in the last column (<c>fs/proc/task_mmu.c:get_vma_name()</c>).</summary>
    private string? NameOf(VmArea area)
    {
        if (area.File is { } file) return file.Name;
        if (area.Start < _brk && area.End > _brkStart) return "[heap]";
        return area.Start <= _stackStart && area.End >= _stackStart && _stackStart != 0 ? "[stack]" : null;
    }
}
