using System.Text;
using Faultline.Areas;
using Faultline.Locking;
using Faultline.Paging;

namespace Faultline;

/// <content>Looking at the pages.</content>
public sealed partial class AddressSpace
{
    /// <summary>
    /// The areas with what their pages take, as <c>/proc/PID/smaps</c> prints them. Fields of what Faultline has not (huge pages, KSM) are 0. As <see cref="ListAreas"/>; an area that
    /// is changed while its pages are counted is printed in the parts in which it was met.
    /// </summary>
    public string Smaps()
    {
        EnterCall();
        var text = new StringBuilder();
        for (ulong position = 0; Areas.FindFirstEndingAfter(position) is { } area;)
            position = AppendUsage(text, area, Math.Max(area.Start, position));
        return text.ToString();
    }

    /// <summary>Counts the pages of an area from <paramref name="start"/> on, a few tables at a time; returns where it ends or has been replaced.</summary>
    private ulong AppendUsage(StringBuilder text, VmArea area, ulong start)
    {
        var usage = new PageUsage(this, area);
        string? name = null;
        ulong position = start;
        for (bool isThere = true; isThere && position < area.End;)
        {
            RangeHold range = EnterRead(LockUser.Query, position, area.End);
            try
            {
                isThere = Areas.Find(position) == area;
                if (!isThere) continue;
                name = NameOf(area);
                ulong from = position;
                position = PageOperations.Visit(this, position, area.End, TablesPerStep, ref usage);
                usage.AddSwappedOf(from, position);
            }
            finally
            {
                ExitRead(range);
            }
        }

        if (position == start) return position;
        AreaText.AppendLine(text, AreaInfo.Of(area, name, start, position));
        usage.AppendTo(text, position - start);
        return position;
    }
}
