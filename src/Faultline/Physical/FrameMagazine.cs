using System.Diagnostics;
using System.Runtime.CompilerServices;
using Faultline.Sync;

namespace Faultline.Physical;

/// <summary>
/// The frames that one accessor holds ready: a stack that its thread uses without atomic operations, inside its walker sections. When memory
/// runs out another thread may seize the frames of an accessor that is outside its sections.
/// </summary>
/// <remarks>
/// <para>A sealed class over native memory, so that no other object shares its cache lines.</para>
/// <code>
///        0        4        8                               8 + 4 * Capacity
///        +--------+--------+--------+--------+-- ... ------+
///        | Claim  | Count  | bottom |        |   top       |
///        +--------+--------+--------+--------+-- ... ------+
/// </code>
/// <para>The owner and a seizer exclude each other as walkers and shootdowns do, by store, full fence, load on both sides:</para>
/// <code>
///   owner (inside)                             seizer
///   section := odd      (exchange: fence)      Claim := 1       (CAS: fence)
///   Claim = 0? else give up                    section even, or no longer the odd value seen first? else wait
///   ... uses Count and frames ...              ... uses Count and frames ...
///   section := even     (release)              Claim := 0       (release)
/// </code>
/// <para>Of the two loads at least one sees the other side's store: either the owner gives up, or the seizer waits for the end of its section. A
/// section that began later gives up. The owner itself takes the claim when it refills outside its sections.</para>
/// </remarks>
internal sealed unsafe class FrameMagazine : IDisposable
{
    /// <summary>512 KiB of frames: what fits into a core's second-level cache together with the program's own data.</summary>
    public const int Capacity = 128;

    /// <summary>Frames per refill: the pool's gate and its cache lines are then 1 ns of each fault.</summary>
    public const int Batch = 64;

    private const uint Unclaimed = 0, Claimed = 1;

    // A claim is held for one batch; a section lasts one fault, unless a session holds it open. Pauses, then yields, about 100 µs
    // on an idle machine; longer waits would let a sleeping session stop every thread that runs out of memory.
    private const int SeizerPatience = 256;

    private readonly PhysicalMemory _memory;
    private readonly NativeBlock _block;

    // The accessor's section word: odd while its thread is inside a section.
    private readonly ulong* _section;

    // Claim: taken by CAS, freed by a release store. Count and frames: the owner's inside its section while Claim is 0,
    // else those of whoever holds the claim and saw the section end. See the picture above.
    private readonly uint* _claim;
    private readonly uint* _count;
    private readonly uint* _frames;

    /// <summary>Makes an empty magazine and registers it with the pool.</summary>
    /// <param name="memory">Where the frames come from.</param>
    /// <param name="section">The accessor's section word in native memory; outlives the magazine.</param>
    /// <param name="group">Whom the frames are charged to.</param>
    public FrameMagazine(PhysicalMemory memory, ulong* section, MemoryGroup? group = null)
    {
        Group = group;
        _memory = memory;
        _section = section;
        _block = new NativeBlock((2 + Capacity) * sizeof(uint), NativeBlock.CacheLine);
        _claim = (uint*)_block.Start;
        _count = _claim + 1;
        _frames = _claim + 2;
        memory.Frames.Register(this);
    }

    /// <summary>Whom the frames are charged to; null for nobody.</summary>
    public MemoryGroup? Group { get; }

    /// <summary>Frames held; exact while the owner and seizers are quiet.</summary>
    public int Count => (int)Native.LoadRelaxed(ref *_count);

    /// <summary>
    /// Takes the frame put last, or after a refill the lowest; 0 if there is none or a seizer is at work, then <see cref="TakeOutside"/> helps.
    /// Contents are whatever they are. Owner, inside its section.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint TryTake()
    {
        Debug.Assert(IsInside(Native.LoadRelaxed(ref *_section)), "The magazine is used inside the owner's section.");

        // Acquire: pairs with the release store in Unclaim, so that the seizer's changes to the count are seen.
        if (Native.LoadAcquire(ref *_claim) != Unclaimed) return PhysicalMemory.NoFrame;
        if (Count == 0) return PhysicalMemory.NoFrame;
        uint pfn = Pop();
        _memory.OnTaken(pfn);
        return pfn;
    }

    /// <summary>
    /// Frees a frame into the magazine; false if it is full, a seizer is at work, or the frame is charged to another group: then <see cref="FrameAllocator.Free(uint)"/> takes it.
    /// Nobody refers to the frame any more. Owner, inside its section.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryPut(uint pfn)
    {
        Debug.Assert(IsInside(Native.LoadRelaxed(ref *_section)), "The magazine is used inside the owner's section.");

        // Acquire: as in TryTake.
        if (Native.LoadAcquire(ref *_claim) != Unclaimed) return false;
        if (Count == Capacity || IsChargedElsewhere(pfn)) return false;
        _memory.OnFreed(pfn);
        Push(pfn);
        return true;
    }

    /// <summary>
    /// Fetches up to <paramref name="wanted"/> frames from the pool, such that consecutive takes give ascending frames. True if the magazine
    /// holds some now, false if memory is exhausted. A seizer may take them at once: who must have a frame uses <see cref="TakeOutside"/>.
    /// Owner, outside its sections.
    /// </summary>
    public bool Refill(int wanted)
    {
        Claim();
        bool done = Count == Capacity || RefillClaimed(wanted) > 0;
        Unclaim();
        if (done) return true;

        uint pfn = PhysicalMemory.NoFrame;
        if (_memory.Frames.TakeAnyhow(new Span<uint>(ref pfn), Group) == 0) return false;

        // Nobody but the owner puts frames here, so there is still room.
        Claim();
        Push(pfn);
        Unclaim();
        return true;
    }

    /// <summary>
    /// Takes a frame and refills the magazine on the way; 0 if memory is exhausted. Owner, outside its sections.
    /// </summary>
    public uint TakeOutside()
    {
        uint pfn = PhysicalMemory.NoFrame;
        Claim();
        if (Count > 0 || RefillClaimed(Batch) > 0) pfn = Pop();
        Unclaim();
        if (pfn == PhysicalMemory.NoFrame && _memory.Frames.TakeAnyhow(new Span<uint>(ref pfn), Group) == 0) return PhysicalMemory.NoFrame;
        _memory.OnTaken(pfn);
        return pfn;
    }

    /// <summary>
    /// Moves the frames to the pool if the owner is outside its sections; with <paramref name="wait"/> waits a little for that. True if there
    /// were any. Any thread, under the allocator's list of holders.
    /// </summary>
    public bool TrySeize(bool wait)
    {
        int turns = wait ? SeizerPatience : 0;
        var backoff = new Backoff();
        while (Native.CompareExchange(ref *_claim, Claimed, Unclaimed) != Unclaimed)
        {
            if (turns-- <= 0) return false;
            backoff.Wait();
        }

        LockOrder.Tried(LockRank.Magazine, (ulong)_block.Start);

        // A store the owner may still have in its buffer can make this too small: a frame freed just now, which is not missed.
        bool seized = Count > 0 && OwnerIsOutside(turns) && Count > 0;
        if (seized) PutBackClaimed();
        Unclaim();
        return seized;
    }

    /// <summary>Gives all frames back. Owner, outside its sections.</summary>
    public void Dispose()
    {
        if (_block.Start == null) return;
        _memory.Frames.Unregister(this);
        PutBackClaimed();
        _block.Dispose();
    }

    private bool IsChargedElsewhere(uint pfn) => _memory.Charges is { } charges && charges.Of(pfn) != (Group?.Id ?? 0);

    private static bool IsInside(ulong section) => (section & 1) != 0;

    /// <summary>
    /// True once the section that the owner may be inside has ended. The claim's CAS before the first load is the fence that pairs with the
    /// owner's exchange; the acquiring load pairs with the owner's release store at the end of its section.
    /// </summary>
    private bool OwnerIsOutside(int turns)
    {
        ulong first = Native.LoadAcquire(ref *_section), now = first;
        var backoff = new Backoff();
        while (IsInside(now) && now == first)
        {
            if (turns-- <= 0) return false;
            backoff.Wait();
            now = Native.LoadAcquire(ref *_section);
        }

        return true;
    }

    /// <summary>By the owner outside its sections: waits for a seizer, which never waits for the owner then.</summary>
    private void Claim()
    {
        Debug.Assert(!IsInside(Native.LoadRelaxed(ref *_section)), "The magazine is refilled outside the owner's sections.");
        LockOrder.Waiting(LockRank.Magazine, (ulong)_block.Start);
        var backoff = new Backoff();
        while (Native.CompareExchange(ref *_claim, Claimed, Unclaimed) != Unclaimed) backoff.Wait();
        LockOrder.Entered(LockRank.Magazine, (ulong)_block.Start);
    }

    /// <summary>Pairs with the CAS of the next claim and with the acquiring load of the owner's next section.</summary>
    private void Unclaim()
    {
        LockOrder.Exited(LockRank.Magazine, (ulong)_block.Start);
        Native.StoreRelease(ref *_claim, Unclaimed);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Push(uint pfn)
    {
        uint count = Native.LoadRelaxed(ref *_count);
        Native.StoreRelaxed(ref _frames[count], pfn);
        Native.StoreRelaxed(ref *_count, count + 1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private uint Pop()
    {
        uint count = Native.LoadRelaxed(ref *_count) - 1;
        Native.StoreRelaxed(ref *_count, count);
        return Native.LoadRelaxed(ref _frames[count]);
    }

    private int RefillClaimed(int wanted)
    {
        int count = Count;
        var batch = new Span<uint>(_frames + count, Math.Min(wanted, Capacity - count));
        int taken = _memory.Frames.TakeShare(batch, Group);

        // The top of the stack is taken first: the lowest frame.
        batch[..taken].Reverse();
        Native.StoreRelaxed(ref *_count, (uint)(count + taken));
        return taken;
    }

    private void PutBackClaimed()
    {
        _memory.Frames.PutBack(new ReadOnlySpan<uint>(_frames, Count));
        Native.StoreRelaxed(ref *_count, 0);
    }
}
