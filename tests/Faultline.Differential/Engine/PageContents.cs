using System.Text;
using Faultline.Areas;
using Faultline.Locking;
using Faultline.Paging;
using Faultline.Physical;

namespace Faultline.Differential.Engine;

/// <summary>The resident pages of an area with their contents, read past the area's rights and without a fault.</summary>
internal static class PageContents
{
    public static void Append(StringBuilder text, Layout layout, AddressSpace space, AreaInfo info)
    {
        space.MmapLock.EnterRead(LockUser.Query);
        try
        {
            VmArea area = space.Areas.Find(info.Start)!;
            foreach ((ulong start, int pages) in StateText.Runs(area.Start, area.End))
            {
                for (ulong page = start; page < start + ((ulong)pages * Page.Size); page += Page.Size)
                {
                    if (FrameAt(space, page) is { } frame) StateText.AppendPage(text, layout, page, space.Memory.Contents(frame));
                }
            }
        }
        finally
        {
            space.MmapLock.ExitRead();
        }
    }

    private static uint? FrameAt(AddressSpace space, ulong page)
    {
        var visitor = new FrameVisitor();
        PageOperations.Visit(space, page, page + Page.Size, ref visitor);
        return visitor.Found;
    }

    private struct FrameVisitor : IPageVisitor
    {
        public uint? Found { get; private set; }

        public void Visit(ulong address, Pte entry, ref FrameInfo frame)
        {
            if (entry.HasPage) Found = entry.Frame;
        }
    }
}
