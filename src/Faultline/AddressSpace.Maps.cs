using System.Text;
using Faultline.Areas;

namespace Faultline;

/// <content>Looking at the areas.</content>
public sealed partial class AddressSpace
{
    /// <summary>
    /// The areas in address order. As in <c>/proc/PID/maps</c> addresses only go up, and what is mapped throughout the call is among them; but each is of a moment of its own.
    /// </summary>
    public IReadOnlyList<AreaInfo> ListAreas()
    {
        EnterCall();
        var areas = new List<AreaInfo>((int)Usage.Areas);
        WalkAreas((area, start, _) => areas.Add(InfoOf(area, start)));
        return areas;
    }

    /// <summary>The areas as <c>/proc/PID/maps</c> prints them; see <see cref="ListAreas"/>.</summary>
    public string Maps()
    {
        var text = new StringBuilder();
        foreach (AreaInfo area in ListAreas()) AreaText.AppendLine(text, area);
        return text.ToString();
    }

    /// <summary>Each place where one area ends and another one begins, in address order, with what keeps the two apart; each place as of a moment of its own.</summary>
    public IReadOnlyList<AreaBoundary> ListBoundaries()
    {
        EnterCall();
        var boundaries = new List<AreaBoundary>();
        WalkAreas((area, _, below) =>
        {
            if (below is not null) boundaries.Add(BoundaryOf(below, area));
        });
        return boundaries;
    }

    /// <summary>The areas as <see cref="Maps"/> prints them, and after each that another one follows directly a line that says why the two are not one.</summary>
    public string ExplainMaps()
    {
        EnterCall();
        var text = new StringBuilder();
        WalkAreas((area, start, below) =>
        {
            if (below is not null) text.Append("  | ").Append(BoundaryOf(below, area).Explanation).Append('\n');
            AreaText.AppendLine(text, InfoOf(area, start));
        });
        return text.ToString();
    }

    private AreaInfo InfoOf(VmArea area, ulong start) => AreaInfo.Of(area, NameOf(area), start, area.End);

    // A fault may give an area its AnonVma meanwhile: then this is what held before, or what holds after.
    private AreaBoundary BoundaryOf(VmArea below, VmArea above) => new(
        AreaInfo.Of(below, NameOf(below)),
        AreaInfo.Of(above, NameOf(above)),
        MergeRules.Obstacles(AreaShape.Of(below, below.AnonVma), AreaShape.Of(above, above.AnonVma)));

    /// <summary>What stands in the last column (<c>fs/proc/task_mmu.c:get_vma_name()</c>).</summary>
    private string? NameOf(VmArea area)
    {
        if (area.File is { } file) return file.Name;
        if (area.Start < _brk.LoadRelaxed() && area.End > _brkStart) return "[heap]";
        return area.Start <= _stackStart && area.End >= _stackStart && _stackStart != 0 ? "[stack]" : null;
    }
}
