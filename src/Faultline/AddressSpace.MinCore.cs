using Faultline.Areas;
using Faultline.Locking;
using Faultline.Paging;
using Faultline.Physical;

namespace Faultline;

/// <content><c>mincore</c>.</content>
public sealed partial class AddressSpace
{
    /// <summary>Tells which pages are in memory; see <see cref="TryMinCore"/>.</summary>
    /// <exception cref="AddressSpaceException">The call failed.</exception>
    public void MinCore(ulong address, ulong length, Span<byte> residency) => ThrowIfFailed("mincore", TryMinCore(address, length, residency));

    /// <summary>Tells which pages are in memory (<c>mincore</c>; Linux <c>mm/mincore.c</c>).</summary>
    /// <param name="address">Page-aligned.</param>
    /// <param name="length">In bytes, rounded up to whole pages.</param>
    /// <param name="residency">One byte per page: 1 if an access would not wait for the page, else 0.</param>
    /// <returns>
    /// EINVAL: unaligned. ENOMEM: a hole, before which the result is filled in, or beyond the user's addresses. EFAULT: <paramref name="residency"/> is too short.
    /// </returns>
    public Errno TryMinCore(ulong address, ulong length, Span<byte> residency)
    {
        EnterCall();
        if (!Page.IsAligned(address)) return Errno.EINVAL;
        if (!UserSpace.Contains(address, length)) return Errno.ENOMEM;
        ulong end = address + Page.Ceiling(length);
        if (Page.Count(end - address) > (ulong)residency.Length) return Errno.EFAULT;

        if (IsKilled) return Errno.EINTR;
        RangeHold range = EnterRead(LockUser.Query, address, end);
        try
        {
            for (ulong position = address; position < end;)
            {
                if (Areas.Find(position) is not { } area) return Errno.ENOMEM;
                ulong stop = Math.Min(area.End, end);
                var pages = residency[(int)Page.Count(position - address)..(int)Page.Count(stop - address)];
                FillResidency(area, position, stop, pages);
                position = stop;
            }

            return Errno.None;
        }
        finally
        {
            ExitRead(range);
        }
    }

    private void FillResidency(VmArea area, ulong start, ulong end, Span<byte> residency)
    {
        // What has no entry may still be in the object's cache, from where a fault takes it at once.
        for (int i = 0; i < residency.Length; i++)
        {
            bool cached = area.File is { } file && file.Cache.TryLookup(area.PageIndex(start) + (ulong)i, out _);
            residency[i] = cached ? (byte)1 : (byte)0;
        }

        var visitor = new ResidencyVisitor(start, residency);
        PageOperations.Visit(this, start, end, ref visitor);
    }

    private readonly ref struct ResidencyVisitor(ulong start, Span<byte> residency) : IPageVisitor
    {
        private readonly Span<byte> _residency = residency;

        public void Visit(ulong address, Pte entry, ref FrameInfo frame)
        {
            if (entry.HasPage) _residency[(int)Page.Count(address - start)] = 1;
        }
    }
}
