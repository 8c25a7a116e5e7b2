using System.Text;
using Faultline.Areas;
using Faultline.Locking;
using Faultline.Paging;

namespace Faultline;

/// <content>Looking at the pages.</content>
public sealed partial class AddressSpace
{
    /// <summary>
    /// The areas with what their pages take, as <c>/proc/PID/smaps</c> prints them. Fields of what Faultline has not (huge pages, swap, KSM) are 0. Linux takes the
    /// lock anew for each area; here all are of one moment.
    /// </summary>
    public string Smaps()
    {
        EnterCall();
        var text = new StringBuilder();
        RangeHold range = EnterRead(LockUser.Query, 0, UserSpace.End);
        try
        {
            foreach (VmArea area in Areas.Range(0, UserSpace.End))
            {
                var usage = new PageUsage(this, area);
                PageOperations.Visit(this, area.Start, area.End, ref usage);
                AreaText.AppendLine(text, AreaInfo.Of(area, NameOf(area)));
                usage.AppendTo(text);
            }
        }
        finally
        {
            ExitRead(range);
        }

        return text.ToString();
    }
}
