using System.Diagnostics;
using System.Runtime.InteropServices;
using Faultline.Files;
using Faultline.Locking;
using Faultline.Sync;

namespace Faultline.Areas;

/// <summary>
/// One call's change of the area tree, in the order that keeps speculative faults out: freeze, replace, let the caller bring tables and TLBs in line,
/// release. One object for the holders of the whole space; of the writers under ranges some threads share one, and who finds it taken makes his own.
/// </summary>
/// <remarks>
/// <code>
///   Freeze     areas concerned become odd for ever, their AnonVma fields close
///   Splice     new areas, born odd, take their place in the tree in one store     (as often as the call needs)
///   …          the caller zaps, moves or protects pages
///   Unlist     files no longer find their pages through the replaced areas; then tables may go
///   Release    the new areas become even: faults may use them
///   Finish     files that no area holds any more are let go
/// </code>
/// Nothing here can fail: a call checks its limits before it freezes anything.
/// </remarks>
/// <param name="space">Whose areas.</param>
/// <param name="isWhole">For those who hold the whole space.</param>
/// <param name="isKept">It is used again.</param>
internal sealed class AreaChange(AddressSpace space, bool isWhole, bool isKept)
{
    // 1 while a writer under a range has it. Compare-and-swap acquires what the last one left, the release store hands it on.
    private Word32 _isTaken;

    // All lists: the holder's own, of the whole space or of the ranges that _held says; the last three also after a downgrade, which keeps other writers out still.
    private readonly List<VmArea> _odd = [];
    private readonly List<VmArea> _old = [];
    private readonly List<VmArea> _new = [];
    private readonly List<VmFile> _files = [];
    private readonly List<VmArea> _raw = [];
    private readonly List<VmArea> _listed = [];

    private AreaTree Areas => space.Areas;

    // What the holder may change, if not everything. The holder's own.
    private RangeHolds _held;

    /// <summary>What the holder may add to the totals that limits count.</summary>
    public UsageRoom Room { get; } = new(space, isWhole, isKept);

    /// <summary>Takes the object for one call under a range; false if somebody has it.</summary>
    public bool TryTake() => _isTaken.LoadRelaxed() == 0 && _isTaken.CompareExchange(1, 0) == 0;

    /// <summary>The call is over.</summary>
    public void Return() => _isTaken.StoreRelease(0);

    /// <summary>Sets what the holder may change from now on.</summary>
    public void Bound(in RangeHolds held) => _held = held;

    /// <summary>The holder may change all of [<paramref name="low"/>, <paramref name="high"/>).</summary>
    public bool Covers(ulong low, ulong high) => isWhole || _held.Covers(low, high);

    /// <summary>What the holder may change around <paramref name="address"/>.</summary>
    public (ulong Low, ulong High) HeldAround(ulong address) => isWhole ? (0, ulong.MaxValue) : _held.Around(address);

    /// <summary>
    /// Makes an area odd for ever and returns the AnonVma that its replacements carry. The area leaves the tree before <see cref="Release"/>.
    /// Freezing it again returns the same.
    /// </summary>
    public AnonVma? Freeze(VmArea area)
    {
        Debug.Assert(Covers(area.Start, area.End), "An area is replaced by who has locked all of it.");
        if (VmArea.IsOdd(area.ReadSequence()))
        {
            // Frozen before, or born odd by an earlier splice of this change, which now takes it back.
            _odd.Remove(area);
        }
        else
        {
            area.BeginChange();
        }

        return area.CloseAnonVma();
    }

    /// <summary>
    /// Clears [<paramref name="start"/>, <paramref name="end"/>) of areas, splitting those that cross its ends, and puts <paramref name="shape"/> there, if given,
    /// merged with its neighbours as Linux would (<c>mm/vma.c:vma_merge_new_range()</c>, <c>vma_merge_existing_range()</c>). Pages are not touched.
    /// </summary>
    /// <param name="start">First byte.</param>
    /// <param name="end">First byte after the range.</param>
    /// <param name="shape">What covers exactly the range afterwards; null for nothing.</param>
    /// <param name="merge">Which rule decides about neighbours.</param>
    /// <returns>The new area that covers the range, born odd; null if none.</returns>
    public VmArea? Splice(ulong start, ulong end, AreaShape? shape, MergeKind merge = MergeKind.Plain)
    {
        Debug.Assert(shape is null || (shape.Value.Start == start && shape.Value.End == end), "The shape covers the range.");
        foreach (VmArea area in Areas.Range(start, end)) _old.Add(area);

        AreaShape? head = null, tail = null;
        if (_old.Count > 0)
        {
            AreaShape first = Frozen(_old[0]), last = Frozen(_old[^1]);
            for (int i = 1; i < _old.Count - 1; i++) Freeze(_old[i]);
            if (first.Start < start) head = first.Slice(first.Start, start);
            if (last.End > end) tail = last.Slice(end, last.End);
        }

        VmArea? result = null;
        if (shape is { } middle)
        {
            if (head is null && merge != MergeKind.None && MergeCandidate(Areas.FindEndingAt(start), middle, merge, isLeft: true) is { } left)
            {
                head = Frozen(left);
                _old.Insert(0, left);
            }

            if (tail is null && merge is not (MergeKind.LeftOnly or MergeKind.None) && MergeCandidate(Areas.FindWithin(end, end + 1), middle, merge, isLeft: false) is { } right)
            {
                tail = Frozen(right);
                _old.Add(right);
            }

            // Decided again with what was frozen: a fault may have given a neighbour an AnonVma since.
            bool mergesLeft = head is { } h && merge != MergeKind.None && MergesLeft(h, middle, merge);
            bool mergesRight = tail is { } t && merge is not (MergeKind.LeftOnly or MergeKind.None) && MergesRight(middle, t, merge)
                && (!mergesLeft || MergeRules.CanBridge(head!.Value.Anon, tail!.Value.Anon));
            if (mergesLeft)
            {
                middle = head!.Value with { End = middle.End, Anon = head.Value.Anon ?? middle.Anon };
                head = null;
            }

            if (mergesRight)
            {
                middle = middle with { End = tail!.Value.End, Anon = middle.Anon ?? tail.Value.Anon };
                tail = null;
            }

            if (head is { } keptHead) Build(keptHead);
            result = Build(middle);
        }
        else if (head is { } keptHead)
        {
            Build(keptHead);
        }

        if (tail is { } keptTail) Build(keptTail);
        Publish();
        return result;
    }

    /// <summary>Makes a boundary at <paramref name="address"/>; both sides keep everything.</summary>
    public void Split(ulong address)
    {
        if (Areas.Find(address) is not { } area || area.Start == address) return;
        AreaShape whole = Frozen(area);
        _old.Add(area);
        Build(whole.Slice(area.Start, address));
        Build(whole.Slice(address, area.End));
        Publish();
    }

    /// <summary>
    /// True if [<paramref name="start"/>, <paramref name="end"/>) of <paramref name="area"/> would merge with a neighbour once it has
    /// <paramref name="flags"/> and <paramref name="handler"/>: then changing them adds no area. Freezes nothing.
    /// </summary>
    public bool WouldMerge(VmArea area, ulong start, ulong end, AreaFlags flags, UserFaultHandler? handler)
    {
        AreaShape middle = AreaShape.Of(area, area.AnonVma).Slice(start, end) with { Flags = flags, Handler = handler };
        return (start == area.Start && MergeCandidate(Areas.FindEndingAt(start), middle, MergeKind.Plain, isLeft: true) is not null)
            || (end == area.End && MergeCandidate(Areas.FindWithin(end, end + 1), middle, MergeKind.Plain, isLeft: false) is not null);
    }

    /// <summary>
    /// Takes the replaced areas out of their files' lists. After every table of theirs was locked once since they are odd, and before one is freed.
    /// </summary>
    /// <remarks>
    /// Not when the area leaves the tree:
    /// <code>
    ///   fault, table lock                      unmap                          truncation, reclaim
    ///   area even; page in the cache: F
    ///                                          area odd, out of the tree
    ///                                          out of the file's list
    ///                                                                         F out of the cache; no area, no table lock
    ///                                                                         lets F go; F serves somebody else
    ///   one more reference to F; maps it
    ///                                          table lock: zap                (in the list: waits for the table's lock, and zaps F's entry)
    /// </code>
    /// </remarks>
    public void Unlist()
    {
        foreach (VmArea area in _listed) area.File!.Mappings.Remove(area.Mapping!);
        _listed.Clear();
    }

    /// <summary>Tables and TLBs agree with the new areas: faults may use them.</summary>
    /// <param name="hasPagesLeft">Replaced areas have pages yet, where no area is now: <see cref="Unlist"/> is called when they are gone.</param>
    public void Release(bool hasPagesLeft = false)
    {
        // Before faults come: what a file takes from an area must not be another's by then.
        if (!hasPagesLeft) Unlist();
        foreach (VmArea area in _odd) area.EndChange();
        _odd.Clear();
    }

    /// <summary>Lets go of the files of replaced areas. Nothing maps or walks the pages any more; the lock is still held, for write or for read.</summary>
    public void Finish()
    {
        Debug.Assert(_odd.Count == 0 && _listed.Count == 0, "The areas are released first.");
        foreach (VmFile file in _files) file.Release();
        _files.Clear();
        _raw.Clear();
    }

    /// <summary>Areas that were replaced since the last <see cref="Finish"/> and may have mapped raw frames: who zaps asks them what is raw.</summary>
    public ReadOnlySpan<VmArea> ReplacedRaw => CollectionsMarshal.AsSpan(_raw);

    /// <summary>What the area would be if it were built anew now; <see cref="Freeze"/>s it.</summary>
    public AreaShape Frozen(VmArea area) => AreaShape.Of(area, Freeze(area));

    private static VmArea? MergeCandidate(VmArea? neighbour, in AreaShape middle, MergeKind merge, bool isLeft)
    {
        if (neighbour is null) return null;
        var shape = AreaShape.Of(neighbour, neighbour.AnonVma);
        return (isLeft ? MergesLeft(shape, middle, merge) : MergesRight(middle, shape, merge)) ? neighbour : null;
    }

    private static bool MergesLeft(in AreaShape left, in AreaShape middle, MergeKind merge) =>
        MergeRules.Continues(left, middle) && MergeRules.CanShareAnon(left.Anon, middle.Anon, ownMayBeForked: merge == MergeKind.Extension);

    private static bool MergesRight(in AreaShape middle, in AreaShape right, MergeKind merge) =>
        MergeRules.Continues(middle, right) && MergeRules.CanShareAnon(right.Anon, middle.Anon, ownMayBeForked: merge == MergeKind.Extension);

    private VmArea Build(in AreaShape shape)
    {
        var area = new VmArea(shape.Start, shape.End, shape.Flags, shape.PageOffset, shape.File, shape.Anon, shape.Handler);
        _new.Add(area);
        return area;
    }

    private void Publish()
    {
        // Pairs with the check of installers under the gates of the page table: after it, no fault that saw an even sequence can still add a table. Without old areas nobody saw one.
        if (_old.Count != 0) space.PageTable.SynchronizeWithInstallers(_old[0].Start, _old[^1].End);

        // Found through the file from before they are in the tree until their pages are gone: a truncation between the two meets the pages twice, never not at all.
        foreach (VmArea area in _new) area.HoldFile(space);
        Areas.Replace(CollectionsMarshal.AsSpan(_old), CollectionsMarshal.AsSpan(_new));
        foreach (VmArea area in _new)
        {
            Room.Add(area);
            if (area.Has(AreaFlags.Account)) Room.CountGrowth(area.Pages);
            AnonVma.Link(area);
            _odd.Add(area);
        }

        foreach (VmArea area in _old)
        {
            Room.Remove(area);
            if (area.Has(AreaFlags.Account)) Room.CountGrowth(unchecked(0 - area.Pages));

            // After the new areas came in: a family that goes on never loses its number.
            AnonVma.Unlink(area);
            if (area.HasRawFrames) _raw.Add(area);
            if (area.File is not { } file) continue;
            _listed.Add(area);
            _files.Add(file);
        }

        _old.Clear();
        _new.Clear();
#if FAULTLINE_EXPLORE
        if (Sync.Mutants.Active == Sync.Mutant.UnlistBeforeZap) Unlist();
#endif
    }
}

/// <summary>Which of Linux's merge functions decides about a range's neighbours.</summary>
internal enum MergeKind
{
    /// <summary>A new map, a copy, or changed flags.</summary>
    Plain,

    /// <summary>An area grows upwards in place (<c>mm/vma.c:vma_merge_extend()</c>).</summary>
    Extension,

    /// <summary>The heap grows: only into the area below (<c>mm/vma.c:do_brk_flags()</c>).</summary>
    LeftOnly,

    /// <summary>The range stays an area of its own: stack growth and what mremap leaves behind change an area in place.</summary>
    None,
}
