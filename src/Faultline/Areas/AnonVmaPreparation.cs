namespace Faultline.Areas;

/// <summary>Gives an area its reverse map before its first private page exists (Linux <c>mm/rmap.c:__anon_vma_prepare()</c>).</summary>
internal static class AnonVmaPreparation
{
    /// <summary>
    /// Sets the AnonVma of <paramref name="area"/>: a compatible neighbour's, so that the two may merge later, or a new one. A new one needs no lock, since the
    /// compare-and-swap of the field publishes it; does nothing if another thread was faster or a writer has closed the field. The caller finds its area again afterwards.
    /// Outside sections: allocates.
    /// </summary>
    public static void Prepare(AddressSpace space, VmArea area)
    {
        // Only what touches it: an area further away may be another writer's, who changes its lines all the time.
        if (TryJoin(space.Areas.FindWithin(area.End, area.End + 1), area, neighbourIsAbove: true)) return;
        if (TryJoin(space.Areas.FindEndingAt(area.Start), area, neighbourIsAbove: false)) return;
        new AnonVma(space).TryFound(area);
    }

    private static bool TryJoin(VmArea? neighbour, VmArea area, bool neighbourIsAbove)
    {
        if (neighbour is null) return false;
        ulong sequence = neighbour.ReadSequence();
        AnonVma? anonVma = neighbour.AnonVma;
        if (VmArea.IsOdd(sequence) || anonVma is null || anonVma.Parent is not null) return false;
        if (!(neighbourIsAbove ? MayShare(area, neighbour) : MayShare(neighbour, area))) return false;

        return anonVma.TryJoin(area, neighbour, sequence);
    }

    /// <summary>
    /// True if the two would merge but for their rights (Linux <c>mm/vma.c:anon_vma_compatible()</c>): an <c>mprotect</c> may make them equal later.
    /// </summary>
    private static bool MayShare(VmArea below, VmArea above)
    {
        const AreaFlags NotCompared = AreaFlags.AccessMask | AreaFlags.NotCompared;
        return below.End == above.Start
            && below.File == above.File
            && ((below.Flags ^ above.Flags) & ~NotCompared) == 0
            && above.PageOffset == below.PageOffset + below.Pages;
    }
}
