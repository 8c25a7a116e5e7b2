using System.Diagnostics;
using Faultline.Sync;

namespace Faultline.Areas;

/// <summary>
/// The reverse map of private anonymous pages: which areas may map a page that was born under it (Linux <c>anon_vma</c>). Areas with the
/// same AnonVma may merge; a fork gives the child's areas AnonVmas of their own below the parent's.
/// </summary>
/// <remarks>
/// <para>A page is known by the family that it was born in: the <see cref="Root"/>, whose number the page's frame carries, and its page index. The root lists
/// the areas of all its descendants, linked through the areas themselves, so that linking and unlinking cost a few stores however many there are.</para>
/// <para>Linux keeps a chain per area (<c>anon_vma_chain</c>) and an interval tree per AnonVma, so that a search meets only the areas that can hold the page. Here
/// it meets the family: cheaper for every change of an area, dearer for reclaim in a space that one <c>mprotect</c> per page has cut into thousands.</para>
/// </remarks>
internal sealed class AnonVma
{
    /// <summary>Stands in <see cref="VmArea"/>'s field once a writer has frozen it; never linked.</summary>
    public static readonly AnonVma Closed = new();

    // Of a root: guards its list, and whether it still has its number.
    private SpinGate _gate = new(LockRank.AnonVma);
    private VmArea? _first;
    private bool _isExtinct;

    /// <summary>A new family.</summary>
    public AnonVma(AddressSpace space)
    {
        Space = space;
        Root = this;

        // Only who swaps asks for families. Without devices no list is kept, and no area pays for one.
        if (space.Memory.Swap.HasDevices) FamilyId = space.Memory.Owners.Add(this);
    }

    /// <summary>For the areas that a fork makes of one of <paramref name="parent"/>'s.</summary>
    public AnonVma(AddressSpace space, AnonVma parent)
    {
        Space = space;
        Parent = parent;
        Root = parent.Root;
        FamilyId = parent.FamilyId;
    }

    private AnonVma()
    {
        Space = null!;
        Root = this;
    }

    /// <summary>The space of all areas that have this AnonVma.</summary>
    public AddressSpace Space { get; }

    /// <summary>The AnonVma of the area that this one's first area was forked from: its pages may be mapped here too.</summary>
    /// <remarks>
    /// Linux keeps a chain per area (<c>anon_vma_chain</c>): the own AnonVma and all ancestors. A chain longer than one forbids merging with an area
    /// that has no AnonVma yet (<c>mm/vma.c:is_mergeable_anon_vma()</c>); here that is <c>Parent is not null</c>.
    /// </remarks>
    public AnonVma? Parent { get; }

    /// <summary>The first of the family; has the list, its lock and the number.</summary>
    public AnonVma Root { get; }

    /// <summary>The number of the family, which its pages carry; 0 if nothing is swapped in this memory.</summary>
    public uint FamilyId { get; }

    /// <summary>Of a root: the first area of the list; the next is <see cref="VmArea.NextInFamily"/>. Under the lock.</summary>
    public VmArea? First
    {
        get
        {
            Debug.Assert(_gate.IsHeld, "The family's areas are looked at under its lock.");
            return _first;
        }
    }

    /// <summary>Of a root: takes the lock if it is free, or with <paramref name="wait"/> in any case. Outside sections, spin locks and PTE locks.</summary>
    public bool TryEnter(bool wait)
    {
        if (wait) _gate.Enter();
        return wait || _gate.TryEnter();
    }

    /// <summary>Of a root: frees the lock.</summary>
    public void Exit() => _gate.Exit();

    /// <summary>
    /// Gives a new family its first area, unless the area has an AnonVma or is frozen. No lock: the compare-and-swap publishes the family, list included.
    /// </summary>
    public void TryFound(VmArea area)
    {
        Debug.Assert(Root == this && _first is null, "Only a new family is founded.");

        // The area's own links are null, and stay untouched here: another family may be linking it at this moment.
        _first = area;
        if (!area.TrySetAnonVma(this) && FamilyId != 0) Space.Memory.Owners.Remove(FamilyId);
    }

    /// <summary>Gives <paramref name="area"/> this AnonVma, which a neighbour has, if the neighbour still counts. True if the area has it now.</summary>
    /// <remarks>
    /// Under the lock, because the area must be in the list before a writer that replaces it, and so unlinks it, can take the lock:
    /// <code>
    ///   fault                              writer
    ///   AnonVma field: null → this
    ///                                      freeze: finds this; replaces the area, unlinks it
    ///   link the dead area                 (without the lock: for ever)
    /// </code>
    /// And a neighbour that is unchanged under the lock is still in the list, so that the family has not lost its number.
    /// </remarks>
    public bool TryJoin(VmArea area, VmArea neighbour, ulong sequence)
    {
        AnonVma root = Root;
        root._gate.Enter();
        bool joined = neighbour.IsUnchanged(sequence) && area.TrySetAnonVma(this);
        if (joined && FamilyId != 0) root.Insert(area);
        root._gate.Exit();
        return joined;
    }

    /// <summary>Adds an area that was built with its AnonVma: in the step that puts it into the tree, or later.</summary>
    public static void Link(VmArea area)
    {
        if (area.AnonVma is not { FamilyId: not 0, Root: var root }) return;
        root._gate.Enter();
        root.Insert(area);
        root._gate.Exit();
    }

    /// <summary>
    /// Takes an area out that has left the tree, before its pages go: tables that reclaim is walking, under the lock, are then freed after this. Frozen, so that
    /// the field is constant. Does nothing with an area that was never linked.
    /// </summary>
    public static void Unlink(VmArea area)
    {
        if (area.AnonVma is not { FamilyId: not 0, Root: var root }) return;
        root._gate.Enter();
        root.Remove(area);
        bool dies = root._first is null && !root._isExtinct;
        root._isExtinct |= dies;
        root._gate.Exit();
        if (dies) root.Space.Memory.Owners.Remove(root.FamilyId);
    }

    private void Insert(VmArea area)
    {
        Debug.Assert(!_isExtinct, "A family without areas gets no more.");
        area.NextInFamily = _first;
        if (_first is not null) _first.PreviousInFamily = area;
        _first = area;
    }

    private void Remove(VmArea area)
    {
        if (_first == area) _first = area.NextInFamily;
        else if (area.PreviousInFamily is null) return;
        if (area.PreviousInFamily is { } previous) previous.NextInFamily = area.NextInFamily;
        if (area.NextInFamily is { } next) next.PreviousInFamily = area.PreviousInFamily;
        area.PreviousInFamily = area.NextInFamily = null;
    }
}
