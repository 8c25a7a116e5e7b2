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
        MmapLock.EnterRead(LockUser.Query);
        try
        {
            var areas = new List<AreaInfo>(Areas.Count);
            foreach (VmArea area in Areas.Range(0, UserSpace.End)) areas.Add(AreaInfo.Of(area, NameOf(area)));
            return areas;
        }
        finally
        {
            MmapLock.ExitRead();
        }
    }

    /// <summary>The areas as <c>/proc/PID/maps</c> prints them.</summary>
    public string Maps()
    {
        var text = new StringBuilder();
        foreach (AreaInfo area in ListAreas()) AreaText.AppendLine(text, area);
        return text.ToString();
    }

    /// <summary>What stands in the last column (<c>fs/proc/task_mmu.c:get_vma_name()</c>).</summary>
    private string? NameOf(VmArea area)
    {
        if (area.File is { } file) return file.Name;
        if (area.Start < _brk && area.End > _brkStart) return "[heap]";
        return area.Start <= _stackStart && area.End >= _stackStart && _stackStart != 0 ? "[stack]" : null;
    }
}
