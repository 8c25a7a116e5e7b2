using Faultline.Areas;
using Faultline.Diagnostics;
using Faultline.Locking;
using Faultline.Paging;
using Faultline.Physical;
using Faultline.Sync;
using Faultline.Translation;

namespace Faultline;

/// <summary>
/// One process's virtual memory (Linux <c>mm_struct</c>): areas, page tables and the calls that change them, with Linux's rules, errno for errno.
/// All members may be called by any thread.
/// </summary>
/// <remarks>
/// <para>Every call has two forms: one throws <see cref="AddressSpaceException"/>, the other, named <c>Try…</c>, returns the <see cref="Errno"/>. A call
/// that fails has changed nothing unless its documentation says otherwise. Addresses and lengths are in bytes; where Linux rounds a length up to whole
/// pages, so does the call.</para>
/// <para>A thread that has a session of an accessor open must not call: the call would wait for the thread's own session. It throws
/// <see cref="InvalidOperationException"/> and changes nothing.</para>
/// </remarks>
public sealed partial class AddressSpace : IDisposable
{
    /// <summary>Creates an empty address space whose pages come from <paramref name="memory"/>.</summary>
    /// <param name="memory">May be shared by several spaces; must outlive them.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="AddressSpaceException">ENOMEM: no frame is free for the root page table, or the memory group is at its limit.</exception>
    /// <exception cref="ArgumentException">An option is not legal, as the message says; or the options name a memory group of another memory.</exception>
    public AddressSpace(PhysicalMemory memory, AddressSpaceOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(memory);
        Memory = memory;
        Options = options ?? new AddressSpaceOptions();
        Options.Check();
        Limits = Options.Limits.Copy();
        (MmapLock, Writers, _ranges, Usage) = CreateLocks(Options);
        if (Options.MemoryGroup is { } group && group.Memory != memory) throw new ArgumentException("The memory group limits another PhysicalMemory.", nameof(options));
        PageTable = PageTable.TryCreate(memory, Options.MemoryGroup) ?? throw new AddressSpaceException("execve", Errno.ENOMEM);
        Graveyard = new TableGraveyard(this);
        _change = new AreaChange(this, isWhole: true, isKept: true);
        IsSpeculationEnabled = Options.Design != FaultDesign.Classic;
        HasSingleThreadShortcut = Options.SingleThreadShortcut;
        FaultlineMeter.Add(this);
    }

    // A fork's child.
    private AddressSpace(AddressSpace parent, PageTable table)
    {
        Memory = parent.Memory;
        Options = parent.Options;
        Limits = parent.Limits.Copy();
        (MmapLock, Writers, _ranges, Usage) = CreateLocks(Options);
        PageTable = table;
        Graveyard = new TableGraveyard(this);
        _change = new AreaChange(this, isWhole: true, isKept: true);
        IsSpeculationEnabled = parent.IsSpeculationEnabled;
        HasSingleThreadShortcut = Options.SingleThreadShortcut;
        FaultlineMeter.Add(this);
    }

    /// <summary>The resource limits that the calls obey.</summary>
    public ResourceLimits Limits { get; }

    internal PhysicalMemory Memory { get; }

    internal AddressSpaceOptions Options { get; }

    /// <summary>
    /// Held for write by every call that changes areas, for read by classic faults and by calls that need areas to stay. Under <see cref="WriterLock.RangeLock"/> some
    /// that change areas hold it for read, and with it their range.
    /// </summary>
    internal MmapLock MmapLock { get; }

    /// <summary>Read without a lock; written by who holds the addresses that change.</summary>
    internal AreaTree Areas { get; } = new();

    internal PageTable PageTable { get; }

    internal AreaUsage Usage { get; }

    // Used by whoever holds MmapLock for write.
    private readonly AreaChange _change;

    // Flags that mlockall(MCL_FUTURE) adds to every new area (Linux mm->def_flags). Guarded by MmapLock.
    private AreaFlags _defaultFlags;

    // Linux mm->start_brk. Written by who holds the whole space.
    private ulong _brkStart;

    // Linux mm->brk. Written by who holds the page at _brkStart, which every brk does, or the whole space; read also by who only looks.
    private Word64 _brk;

    // Linux mm->start_stack: the area that contains it is called [stack]. Guarded by MmapLock.
    private ulong _stackStart;

    // What has become of the space, in bits that are only ever set, atomically: one word, so that a miss of an accessor asks once.
    private Word64 _state;

    /// <summary>Read without order: nobody calls while the space is disposed of.</summary>
    internal bool IsDisposed => (_state.LoadRelaxed() & DisposedState) != 0;

    /// <summary>Disposed of or killed. Read without order: who sees a kill late ends at its next miss, or where it waits.</summary>
    internal bool HasEnded => _state.LoadRelaxed() != 0;

    /// <summary>Gives all pages and tables back. No call is under way and no accessor is in use. Idempotent.</summary>
    public void Dispose()
    {
        if (IsDisposed) return;
        EnterCall();
        if ((_state.Or(DisposedState) & DisposedState) != 0) return;
        Clear(brkStart: 0, stackStart: 0);
        Graveyard.Close();

        // A walk that began before the space was disposed of may still read the root.
        Shootdown.WaitForAllSections(this);
        PageTable.Free();
        FaultlineMeter.Retire(this);
    }

    /// <summary>The first statement of every call.</summary>
    private void EnterCall()
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        if (Threads.OpenSessions != 0)
        {
            throw new InvalidOperationException("This thread has an accessor session open; an address-space call would wait for it for ever.");
        }
    }

    private static void ThrowIfFailed(string call, Errno error)
    {
        if (error != Errno.None) throw new AddressSpaceException(call, error);
    }
}
