using System.Diagnostics;
using Faultline.Files;
using Faultline.Sync;

namespace Faultline.Areas;

/// <summary>
/// A range of an address space with one set of rights and one backing (Linux <c>vm_area_struct</c>). Immutable but for its
/// sequence and one field that is set once: a change of bounds, flags or backing publishes <em>new</em> areas and leaves the
/// old one odd for ever.
/// </summary>
/// <remarks>
/// A speculative fault may hold a reference to an area that a writer has replaced. It never sees torn fields and needs no
/// reference count (one atomic per area cost v12's successor 62 % of its 48-thread throughput): the garbage collector keeps the
/// object, and one load of its sequence under the page-table lock tells whether it still counts.
/// </remarks>
internal sealed class VmArea
{
    public VmArea(ulong start, ulong end, AreaFlags flags, ulong pageOffset, VmFile? file, AnonVma? anonVma, UserFaultHandler? handler = null)
    {
        Debug.Assert(Page.IsAligned(start) && Page.IsAligned(end) && start < end, "Areas are whole pages and not empty.");
        Start = start;
        End = end;
        Flags = flags;
        PageOffset = pageOffset;
        File = file;
        Handler = handler;
        SupportsSpeculation = file is null || file.SupportsSpeculation;
        bool isShared = (flags & AreaFlags.Shared) != 0;
        TracksWrites = isShared && file is { WritesBack: true };
        NotifiesWrites = isShared && file is { NotifiesWrites: true };
        _anonVma = new Ref<AnonVma?>(anonVma);
        _sequence = new Word64(1);
#if FAULTLINE_EXPLORE
        if (Mutants.Active == Mutant.PublishAreasEven) _sequence = new Word64(0);
#endif
    }

    /// <summary>First byte.</summary>
    public ulong Start { get; }

    /// <summary>First byte after the area.</summary>
    public ulong End { get; }

    public AreaFlags Flags { get; }

    /// <summary>
    /// Page number of <see cref="Start"/> in the file or, for private anonymous memory, in the space it was first mapped at
    /// (Linux <c>vm_pgoff</c>): equal offsets are what lets a moved area merge again.
    /// </summary>
    public ulong PageOffset { get; }

    /// <summary>The object behind the area; null for private anonymous memory.</summary>
    public VmFile? File { get; }

    /// <summary>Who serves the faults that <see cref="AreaFlags.UserFaultMask"/> names; null for nobody.</summary>
    public UserFaultHandler? Handler { get; }

    public ulong Length => End - Start;

    public ulong Pages => Page.Count(Length);

    public bool IsAnonymous => File is null;

    /// <summary>The object is a <see cref="DeviceMemory"/>.</summary>
    public bool HasRawFrames => HasAny(AreaFlags.RawMask);

    /// <summary>The file's answer, asked once: a fault would pay for the virtual call.</summary>
    public bool SupportsSpeculation { get; }

    /// <summary>A page that becomes writable is marked dirty: the file wants it back. As <see cref="SupportsSpeculation"/>, asked once.</summary>
    public bool TracksWrites { get; }

    /// <summary>The file wants to know before a clean page becomes writable. As <see cref="SupportsSpeculation"/>, asked once.</summary>
    public bool NotifiesWrites { get; }

    /// <summary>The area's place in its file's <see cref="FileMappings"/>. Written under the writer lock.</summary>
    public FileMapping? Mapping { get; private set; }

    /// <summary>A new area takes its hold of its file, before it enters the tree.</summary>
    public void HoldFile(AddressSpace space)
    {
        if (File is null) return;
        File.AddReference();
        Mapping = File.Mappings.Add(space, this);
    }

    public bool Has(AreaFlags flags) => (Flags & flags) == flags;

    public bool HasAny(AreaFlags flags) => (Flags & flags) != 0;

    public bool Contains(ulong address) => address - Start < End - Start;

    /// <summary>The page number behind <paramref name="address"/> in the file or anonymous object.</summary>
    public ulong PageIndex(ulong address) => PageOffset + Page.Count(address - Start);

    // Odd: being changed, or replaced for ever; even: stable. Written by holders of the writer lock over the area; the release
    // store in EndChange publishes what the change did to tables and TLBs. Read without a lock by speculative faults.
    private Word64 _sequence;

    // Set once: null → an AnonVma, by CAS (also by a speculative fault, which then finds its area again);
    // or null → Closed, by a writer that is about to replace the area.
    private Ref<AnonVma?> _anonVma;

    /// <summary>Neighbours in the list of the AnonVma's family; guarded by the lock of its root.</summary>
    internal VmArea? PreviousInFamily { get; set; }

    /// <inheritdoc cref="PreviousInFamily"/>
    internal VmArea? NextInFamily { get; set; }

    /// <summary>Loads the sequence; odd means the area does not count now. Pairs with <see cref="EndChange"/>.</summary>
    public ulong ReadSequence() => _sequence.LoadAcquire();

    public static bool IsOdd(ulong sequence) => (sequence & 1) != 0;

    /// <summary>
    /// True if nothing changed since <paramref name="sequence"/> was read. Under the PTE lock, or after a full fence: the load must not pass
    /// the lock's compare-and-swap, which pairs with the fence in <see cref="BeginChange"/>.
    /// </summary>
    public bool IsUnchanged(ulong sequence) => _sequence.LoadAcquire() == sequence;

    /// <summary>
    /// Makes the area odd, as a full fence: speculative faults that validate from here on fail. The caller holds the writer lock
    /// over the area and afterwards takes and releases the page-table lock before it reads table entries.
    /// </summary>
    public void BeginChange()
    {
        ulong now = _sequence.Add(1);
        Debug.Assert(IsOdd(now), "An area under change cannot be changed again.");

        // None but under FaultDesign.AreaLock. They neither wait for a lock of ours nor for a device.
        var backoff = new Backoff();
        while (_readers.LoadAcquire() != 0) backoff.Wait();
    }

    // Faults under way in the area, under FaultDesign.AreaLock only. Raised by a fault before it looks at the sequence, lowered with release; a writer makes the
    // sequence odd before it looks here. Both raise and odd are full fences, so one sees the other.
    private Word32 _readers;

    /// <summary>Takes the area's reader lock; false if a writer changes the area or has replaced it.</summary>
    public bool TryEnterRead()
    {
        _readers.Add(1);
        if (!IsOdd(_sequence.LoadAcquire())) return true;
        ExitRead();
        return false;
    }

    /// <summary>Gives the reader lock back; releases what the fault did to a writer that waits.</summary>
    public void ExitRead() => _readers.Add(-1);

    /// <summary>Makes the area even: tables and TLBs agree with it. Also publishes an area for the first time.</summary>
    public void EndChange()
    {
        ulong now = _sequence.LoadRelaxed();
#if FAULTLINE_EXPLORE
        if (Mutants.Active == Mutant.PublishAreasEven && !IsOdd(now)) return;
#endif
        Debug.Assert(IsOdd(now), "Only an area under change can be released.");
        _sequence.StoreRelease(now + 1);
    }

    /// <summary>The reverse map of the area's private pages, or null before the first of them exists.</summary>
    public AnonVma? AnonVma
    {
        get
        {
            // Acquire: pairs with the CAS below, so that the AnonVma's fields are visible.
            AnonVma? anonVma = _anonVma.LoadAcquire();
            return anonVma == AnonVma.Closed ? null : anonVma;
        }
    }

    /// <summary>Sets the reverse map if the area has none; false if it has one or a writer closed the field.</summary>
    public bool TrySetAnonVma(AnonVma anonVma) => _anonVma.CompareExchange(anonVma, null) is null;

    /// <summary>
    /// Freezes the field against speculative faults and returns what the area's replacements must carry. Under the writer lock,
    /// area odd.
    /// </summary>
    public AnonVma? CloseAnonVma() => _anonVma.CompareExchange(AnonVma.Closed, null) is { } set && set != AnonVma.Closed ? set : null;

    /// <summary>Range and rights as in <c>maps</c>.</summary>
    public override string ToString() =>
        $"{Start:x}-{End:x} {AreaText.Rights((Protection)(Flags & AreaFlags.AccessMask), Has(AreaFlags.Shared))}";
}
