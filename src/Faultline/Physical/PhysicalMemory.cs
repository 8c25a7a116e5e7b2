using System.Diagnostics;
using Faultline.Reclaim;
using Faultline.Swap;
using Faultline.Sync;

namespace Faultline.Physical;

/// <summary>
/// The memory of the simulated machine: a fixed number of 4 KiB frames, shared by the address spaces that are created over it.
/// </summary>
/// <remarks>
/// <para>Thread-safe. Dispose it after the address spaces, accessors and files that use it.</para>
/// <code>
///   pfn     0           1           2 .. CapacityInFrames + 1
///        +-----------+-----------+-----------+-----------+----
///        | "no frame"| zero page |   frame   |   frame   | ...       Arena, 4 KiB each
///        +-----------+-----------+-----------+-----------+----
///        | FrameInfo | FrameInfo | FrameInfo | FrameInfo | ...       Infos, 64 bytes each
/// </code>
/// </remarks>
public sealed unsafe class PhysicalMemory : IDisposable
{
    /// <summary>The frame number that means "none"; its frame is never handed out.</summary>
    internal const uint NoFrame = 0;

    /// <summary>The frame of zeroes that read faults map; never written, never freed, never counted.</summary>
    internal const uint ZeroFrame = 1;

    /// <summary>The first frame number that is handed out.</summary>
    internal const uint FirstFrame = 2;

    private readonly NativeBlock _arenaBlock;
    private readonly NativeBlock _infoBlock;

    // Copies of the blocks' addresses, constant: one load on the fault path instead of two.
    private readonly byte* _arena;
    private readonly FrameInfo* _infos;

    // Null unless frames are to be checked.
    private readonly FramePoison? _poison;

    /// <summary>Reserves the arena.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The capacity is below 1 or above 2³² − 3 frames, or the mode or ratio of overcommit is none.</exception>
    /// <exception cref="ArgumentException">A swap device is null, stands in the list twice, or serves another memory.</exception>
    /// <exception cref="InsufficientMemoryException">The host cannot provide the capacity.</exception>
    public PhysicalMemory(PhysicalMemoryOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.CapacityInFrames, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.CapacityInFrames, uint.MaxValue - FirstFrame);
        ArgumentOutOfRangeException.ThrowIfNegative(options.OvercommitRatio);
        if (!Enum.IsDefined(options.Overcommit)) throw new ArgumentOutOfRangeException(nameof(options), options.Overcommit, "Overcommit is one of the modes 0 to 2.");
        CapacityInFrames = options.CapacityInFrames;
        uint end = (uint)CapacityInFrames + FirstFrame;
        NativeBlock? arena = null, infos = null;
        try
        {
            arena = new NativeBlock((nuint)end << Page.Shift, NativeBlock.HugePage);
            infos = new NativeBlock((nuint)end * FrameInfo.SizeInBytes, NativeBlock.CacheLine);
            Frames = new FrameAllocator(this, FirstFrame, end);
        }
        catch (OutOfMemoryException exception)
        {
            arena?.Dispose();
            infos?.Dispose();
            throw new InsufficientMemoryException(
                $"The host has no memory for an arena of {CapacityInFrames} frames ({CapacityInFrames << Page.Shift} bytes).", exception);
        }

        _arenaBlock = arena;
        _infoBlock = infos;
        _arena = arena.Start;
        _infos = (FrameInfo*)infos.Start;
        Swap = new SwapSpace(this, options.SwapDevices);
        Reclaimer = new Reclaimer(this);
        Overcommit = options.Overcommit;
        Commit = Overcommit == OvercommitMode.Never ? new CommitAccount(options, (ulong)Swap.Slots) : null;
        _poison = options.PoisonFreedFrames ? new FramePoison(this, end) : null;
        Info(NoFrame).State = FrameState.Reserved;
        Info(ZeroFrame).State = FrameState.Reserved | FrameState.UpToDate;

        _arenaBlock.PreferHugePages();
        if (options.Prefault)
        {
            _arenaBlock.Prefault();
            _infoBlock.Prefault();
        }
    }

    /// <summary>Frames that can be in use at a time.</summary>
    public long CapacityInFrames { get; }

    /// <summary>
    /// Frames not in use, wherever they wait. Exact while no thread allocates or frees; while memory is short one that reclaims in the background does, and a page that it is at
    /// comes home a moment after its last user has let it go.
    /// </summary>
    public long FreeFrames => Frames.CountFree();

    /// <summary>
    /// Bytes that are promised to programs (<c>Committed_AS</c> of <c>/proc/meminfo</c>); exact while no call is under way. Null unless they are counted, which is under
    /// <see cref="OvercommitMode.Never"/>.
    /// </summary>
    public ulong? CommittedBytes => Commit?.Committed << Page.Shift;

    /// <summary>Bytes that can be promised (<c>CommitLimit</c>), some of which are kept for the privileged and for other spaces. Null as <see cref="CommittedBytes"/>.</summary>
    public ulong? CommitLimitInBytes => Commit?.Limit << Page.Shift;

    /// <summary>What is promised; null if nobody counts.</summary>
    internal CommitAccount? Commit { get; }

    /// <summary>As in the options.</summary>
    internal OvercommitMode Overcommit { get; }

    /// <summary>Frames lost to hardware errors (<see cref="Advice.HardwarePoison"/>): neither free nor in use.</summary>
    public long PoisonedFrames => Frames.CountRetired();

    /// <summary>
    /// Frees the arena. If frames are in use or accessors exist, it is freed when nothing refers to this object any more: a forgotten
    /// accessor must not write into memory that the process uses for something else. Swap devices are not disposed of: they are the caller's.
    /// </summary>
    public void Dispose()
    {
        Reclaimer.Stop();
        if (!Frames.TryClose()) return;
        Swap.LeaveDevices();
        _arenaBlock.Dispose();
        _infoBlock.Dispose();
        Charges?.Dispose();
    }

    /// <summary>What was swapped and reclaimed so far, and how much could be now.</summary>
    public ReclaimStatistics ReclaimStatistics => Reclaimer.Statistics();

    /// <summary>Where pages go that have no frame, and the pages that are in both places.</summary>
    internal SwapSpace Swap { get; }

    /// <summary>Takes frames from pages that can be had again.</summary>
    internal Reclaimer Reclaimer { get; }

    /// <summary>Frame <c>pfn</c> is at <c>Arena + (pfn &lt;&lt; 12)</c>.</summary>
    internal byte* Arena => _arena;

    /// <summary>Where frames come from and go to.</summary>
    internal FrameAllocator Frames { get; }

    // Set once, by compare-and-swap, before the first frame is charged.
    private Ref<FrameCharges?> _charges;

    /// <summary>Who pays for which frame; null as long as no <see cref="MemoryGroup"/> has been made. Acquire: pairs with <see cref="StartCharging"/>.</summary>
    internal FrameCharges? Charges => _charges.LoadAcquire();

    /// <summary>Called by the constructor of each group.</summary>
    internal void StartCharging()
    {
        if (Charges is not null) return;
        var charges = new FrameCharges(this, (uint)CapacityInFrames + FirstFrame);
        if (_charges.CompareExchange(charges, null) is not null) charges.Dispose();
    }

    /// <summary>What <see cref="FrameInfo.OwnerId"/> refers to.</summary>
    internal OwnerTable Owners { get; } = new();

    /// <summary>The first byte of a frame.</summary>
    internal byte* Address(uint pfn)
    {
        Debug.Assert(pfn < CapacityInFrames + FirstFrame, "The frame number is outside the arena.");
        return _arena + ((nuint)pfn << Page.Shift);
    }

    /// <summary>The frame that holds <paramref name="address"/>, which lies in the arena.</summary>
    internal uint FrameOf(byte* address) => (uint)((nuint)(address - _arena) >> Page.Shift);

    /// <summary>A frame's contents, for code outside the unsafe folders. The caller holds a reference to the frame.</summary>
    internal Span<byte> Contents(uint pfn) => new(Address(pfn), Page.Size);

    /// <summary>The contents of neighbouring frames in one piece, as <see cref="Contents(uint)"/>.</summary>
    internal Span<byte> Contents(uint first, int frames) => new(Address(first), checked(frames * Page.Size));

    /// <summary>Fills a frame with zeroes, for the access that comes next. The caller owns the frame.</summary>
    internal void Zero(uint pfn) => FrameContents.Zero(Address(pfn));

    /// <summary>Fills a frame with zeroes past the cache, for an access that comes later. The caller owns the frame.</summary>
    internal void ZeroAhead(uint pfn) => FrameContents.ZeroNonTemporal(Address(pfn));

    /// <summary>Copies a frame's contents to a frame that the caller owns.</summary>
    internal void Copy(uint from, uint to) => FrameContents.Copy(Address(to), Address(from));

    /// <summary>What is known about a frame.</summary>
    internal ref FrameInfo Info(uint pfn)
    {
        Debug.Assert(pfn < CapacityInFrames + FirstFrame, "The frame number is outside the arena.");
        return ref _infos[pfn];
    }

    /// <summary>Takes one more reference to a frame that somebody is known to hold.</summary>
    internal void AddReference(uint pfn)
    {
        uint now = Native.Add(ref Info(pfn).Refs, 1);
        Debug.Assert(now > 1, "Only a frame in use can get one more reference.");
    }

    /// <summary>Gives a reference back; true if it was the last, so that the caller must free the frame.</summary>
    /// <remarks>A full fence: what the other holders did to the frame comes before the freeing.</remarks>
    internal bool DropReference(uint pfn)
    {
        uint now = Native.Add(ref Info(pfn).Refs, -1);
        Debug.Assert(now != uint.MaxValue, "More references were given back than taken.");
        return now == 0;
    }

    /// <summary>Gives a reference back and frees the frame if it was the last.</summary>
    internal void Release(uint pfn)
    {
        if (DropReference(pfn)) Frames.Free(pfn);
    }

    /// <summary>A frame leaves the allocator: checks that nobody wrote to it while it was free.</summary>
    internal void OnTaken(uint pfn) => _poison?.OnTaken(pfn);

    private static bool IsUnused(ref FrameInfo info) =>
        Native.LoadRelaxed(ref info.Refs) == 0 && Native.LoadRelaxed(ref info.Maps) == 0 && Native.LoadRelaxed(ref info.Pins) == 0;

    /// <summary>A frame comes back, by its only holder: clears its <see cref="FrameInfo"/>, so that the next user finds zeroes.</summary>
    internal void OnFreed(uint pfn)
    {
        ref FrameInfo info = ref Info(pfn);
        Debug.Assert(pfn >= FirstFrame, "Reserved frames are never freed.");
        Debug.Assert(IsUnused(ref info), "A frame in use cannot be freed.");
        info = default;
        _poison?.OnFreed(pfn);
    }
}
