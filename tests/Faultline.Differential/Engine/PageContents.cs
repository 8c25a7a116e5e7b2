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
            foreach (ulong page in StateText.Pages(area.Start, area.End))
            {
                var visitor = new FrameVisitor();
                PageOperations.Visit(space, page, page + Page.Size, ref visitor);
                uint? frame = visitor.Found;
                if (frame is null && area.File is { } file && file.Cache.TryLookup(area.PageIndex(page), out uint cached)) frame = cached;
                if (frame is { } found) StateText.AppendPage(text, layout, page, space.Memory.Contents(found));
            }
        }
        finally
        {
            space.MmapLock.ExitRead();
        }
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
