using Faultline.Areas;
using Faultline.Locking;

namespace Faultline;

/// <content>Looking at all areas without keeping anybody out for long.</content>
public sealed partial class AddressSpace
{
    /// <summary>Areas under one hold of the lock.</summary>
    private const int AreasPerStep = 64;

    /// <summary>Page tables under one hold of the lock: some 100 µs.</summary>
    private const int TablesPerStep = 32;

    /// <summary>Looks at an area, under a read lock over it and what lies directly below it.</summary>
    /// <param name="area">The area.</param>
    /// <param name="start">Where it begins, or, if it has merged with what has been looked at, where that ended.</param>
    /// <param name="below">The area that ends where this one begins, if there is one.</param>
    internal delegate void AreaLook(VmArea area, ulong start, VmArea? below);

    /// <summary>Calls <paramref name="look"/> for the areas in address order, and lets writers in between every few of them.</summary>
    /// <remarks>
    /// As Linux's <c>m_next()</c> a walk resumes by address: what is looked at only goes up and never overlaps, and what is mapped throughout the walk is looked at. Rejected: one hold for
    /// the whole space. A writer would wait for its end, and behind the writer every classic fault, by fairness.
    /// </remarks>
    internal void WalkAreas(AreaLook look)
    {
        for (ulong position = 0; TryFindStep(position, out ulong end);)
        {
            // With a page of what lies below: that page's area is one, whatever happens to others.
            RangeHold range = EnterRead(LockUser.Query, position - Math.Min(position, Page.Size), end);
            try
            {
                VmArea? below = position == 0 ? null : Areas.Find(position - 1);
                foreach (VmArea area in Areas.Range(position, end))
                {
                    // Grown since the step was found, beyond what is held: the next step takes it.
                    if (area.End > end) break;
                    look(area, Math.Max(area.Start, position), below?.End == area.Start ? below : null);
                    below = area;
                    position = area.End;
                }
            }
            finally
            {
                ExitRead(range);
            }
        }
    }

    /// <summary>Where the next step ends; false if there is no area any more. Without a lock: looked at again under it.</summary>
    private bool TryFindStep(ulong position, out ulong end)
    {
        end = 0;
        VmArea? area = Areas.FindFirstEndingAfter(position);
        for (int i = 0; i < AreasPerStep && area is not null; i++, area = Areas.Next(area)) end = area.End;
        return end != 0;
    }
}
