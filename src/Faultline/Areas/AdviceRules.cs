namespace Faultline.Areas;

/// <summary>Which advice is known, and what it asks of an area (Linux <c>mm/madvise.c</c>).</summary>
internal static class AdviceRules
{
    /// <summary>Advice that Faultline has; the rest is EINVAL, as on a kernel configured without it.</summary>
    public static bool IsKnown(Advice advice) =>
        advice is (>= Advice.Normal and <= Advice.DontNeed) or (>= Advice.Free and <= Advice.DontNeedLocked) or Advice.HardwarePoison;

    /// <summary>Advice that an area remembers, which needs the writer lock.</summary>
    public static bool ChangesFlags(Advice advice) => advice is
        Advice.Normal or Advice.Random or Advice.Sequential or Advice.DontFork or Advice.DoFork or Advice.WipeOnFork or Advice.KeepOnFork
        or Advice.HugePage or Advice.NoHugePage or Advice.DontDump or Advice.DoDump or Advice.Mergeable or Advice.Unmergeable;

    /// <summary>The area's flags with the advice taken (<c>madvise_vma_behavior()</c>).</summary>
    /// <returns>EINVAL: the area cannot take it.</returns>
    public static Errno FlagsAfter(VmArea area, Advice advice, out AreaFlags flags)
    {
        const AreaFlags AnyOrder = AreaFlags.SequentialRead | AreaFlags.RandomRead;
        const AreaFlags AnySize = AreaFlags.HugePage | AreaFlags.NoHugePage;
        flags = area.Flags;
        if (advice == Advice.WipeOnFork && !area.IsAnonymous) return Errno.EINVAL;
        if (advice == Advice.DoFork && area.Has(AreaFlags.PureFrames)) return Errno.EINVAL;
        if (advice == Advice.DoDump && area.HasRawFrames) return Errno.EINVAL;
        flags = advice switch
        {
            Advice.Normal => flags & ~AnyOrder,
            Advice.Random => (flags & ~AnyOrder) | AreaFlags.RandomRead,
            Advice.Sequential => (flags & ~AnyOrder) | AreaFlags.SequentialRead,
            Advice.DontFork => flags | AreaFlags.DontCopy,
            Advice.DoFork => flags & ~AreaFlags.DontCopy,
            Advice.WipeOnFork => flags | AreaFlags.WipeOnFork,
            Advice.KeepOnFork => flags & ~AreaFlags.WipeOnFork,
            Advice.HugePage => (flags & ~AnySize) | AreaFlags.HugePage,
            Advice.NoHugePage => (flags & ~AnySize) | AreaFlags.NoHugePage,
            Advice.DontDump => flags | AreaFlags.DontDump,
            Advice.DoDump => flags & ~AreaFlags.DontDump,

            // Shared memory cannot be merged with equal pages: succeeds without effect (mm/ksm.c:ksm_madvise()).
            Advice.Mergeable => area.HasAny(AreaFlags.Shared | AreaFlags.RawMask) ? flags : flags | AreaFlags.Mergeable,
            Advice.Unmergeable => flags & ~AreaFlags.Mergeable,
            _ => throw new ArgumentOutOfRangeException(nameof(advice)),
        };
        return Errno.None;
    }

    /// <summary>Whether an area takes advice that acts on its pages.</summary>
    public static Errno CheckPages(VmArea area, Advice advice)
    {
        bool locked = area.Has(AreaFlags.Locked), pure = area.Has(AreaFlags.PureFrames);
        return advice switch
        {
            // Read ahead and ageing are hints, and without swap nothing is paged out.
            Advice.WillNeed => Errno.None,
            Advice.DontNeedLocked => pure ? Errno.EINVAL : Errno.None,
            Advice.DontNeed or Advice.Cold or Advice.PageOut => locked || pure ? Errno.EINVAL : Errno.None,
            Advice.Free => locked || !area.IsAnonymous ? Errno.EINVAL : Errno.None,
            Advice.Remove when locked || area.File is null => Errno.EINVAL,
            Advice.Remove when !area.Has(AreaFlags.Shared | AreaFlags.MayWrite) => Errno.EACCES,
            Advice.Remove => area.File.CanPunchHoles ? Errno.None : Errno.EOPNOTSUPP,
            _ => throw new ArgumentOutOfRangeException(nameof(advice)),
        };
    }
}
