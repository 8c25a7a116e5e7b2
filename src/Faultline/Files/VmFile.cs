using System.Diagnostics;
using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Files;

/// <summary>
/// An object whose pages areas map: the role of Linux's <c>file</c> with its <c>address_space</c>. Derive from it to map contents of your own.
/// </summary>
/// <remarks>
/// The creator holds one reference, which <see cref="Dispose"/> gives back, as <c>close</c> does; each area that maps the file holds one more.
/// With the last reference what is dirty is written back and the cached pages go home: areas outlive the closing of the file, as in Linux.
/// </remarks>
public abstract partial class VmFile : IDisposable
{
    // The length of a file that has no end.
    private const ulong NoEnd = ulong.MaxValue;

    // Atomic; a file at zero stays there. The decrement to zero is a full fence: what other holders did comes before the release.
    private Word32 _references = new(1);

    // 1 once the creator's reference was given back.
    private Word32 _disposed;

    // In bytes, or NoEnd. Written under the cache's gate by a holder of _sizeLock; read without a lock.
    private Word64 _length;

    /// <summary>Describes the file.</summary>
    /// <param name="memory">Where its cached pages lie; only address spaces over the same memory can map it.</param>
    /// <param name="name">The path, as <c>maps</c> prints it.</param>
    /// <param name="identity">Device and inode, as <c>maps</c> prints them.</param>
    /// <param name="length">Length in bytes; null if the file has no end, as a device.</param>
    /// <param name="access">How it is opened: what <c>mmap</c> and <c>mprotect</c> grant.</param>
    protected VmFile(PhysicalMemory memory, string name, FileIdentity identity, ulong? length, FileAccess access = FileAccess.ReadWrite)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(name);
        if (length is { } bytes) ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, MaxLength, nameof(length));
        Memory = memory;
        Name = name;
        Identity = identity;
        Access = access;
        _length = new Word64(length ?? NoEnd);
        Cache = new PageCache(this);
    }

    /// <summary>The path, as <c>maps</c> prints it.</summary>
    public string Name { get; }

    /// <summary>Device and inode.</summary>
    public FileIdentity Identity { get; }

    /// <summary>
    /// How the file is opened. A file that cannot be read cannot be mapped; one that cannot be written cannot be mapped shared and writable (EACCES).
    /// </summary>
    public FileAccess Access { get; }

    /// <summary>Length in bytes; access to whole pages beyond it is SIGBUS. Null if the file has no end.</summary>
    public ulong? Length => _length.LoadAcquire() is var length && length == NoEnd ? null : length;

    /// <summary>The memory whose frames hold the file's pages.</summary>
    public PhysicalMemory Memory { get; }

    /// <summary>
    /// True if faults may find the file's pages, and call <see cref="ReadPage"/>, without the address-space lock: the opt-in that the review of v12 asked for.
    /// A file that relies on the lock being held must say false. Constant: an area asks once.
    /// </summary>
    public virtual bool SupportsSpeculation => false;

    /// <summary>
    /// True if changed pages must reach <see cref="WritePages"/> before they may be forgotten. False if they live in memory only: then they leave it for a swap device, or not at all.
    /// Constant: an area asks once.
    /// </summary>
    protected internal virtual bool WritesBack => false;

    /// <summary>
    /// True if <see cref="OnPageWritable"/> is to be called when a shared mapping makes a clean page writable. Needs <see cref="WritesBack"/>, by which pages
    /// become clean again. Constant: an area asks once.
    /// </summary>
    protected internal virtual bool NotifiesWrites => false;

    /// <summary>
    /// True if <see cref="ReadPages"/> may take for ever: a server that may not answer, a pipe, code that waits for a guest. Faults then have a thread of its own read, so that
    /// <see cref="AddressSpace.Kill"/> ends their wait; the read goes on to its end, holding file and frames. Costs each read the start of a thread. Without, a fault is not killed
    /// before its read returns, as in Linux's uninterruptible sleep. Constant.
    /// </summary>
    public virtual bool MayHang => false;

    /// <summary>Pages that are read together where neighbours of a missing page are missing too; 1 for none but the page itself, at most 64.</summary>
    protected internal virtual int ReadAheadPages => 1;

    /// <summary>Whom the cached pages are charged to; null for nobody.</summary>
    internal virtual MemoryGroup? Payer => null;

    /// <summary>The pages in memory.</summary>
    internal PageCache Cache { get; }

    /// <summary>The areas that map the file.</summary>
    internal FileMappings Mappings { get; } = new();

    /// <summary>True once the last reference was given back.</summary>
    internal bool IsReleased => _references.LoadAcquire() == 0;

    /// <summary>Gives the creator's reference back. Areas that map the file keep it. To learn whether changes reached the file call <see cref="Flush"/> before.</summary>
    public void Dispose()
    {
        if (_disposed.Exchange(1) == 0) Release();
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>
    /// Fills <paramref name="destination"/> with the contents of a page. Called outside all locks but the page's own, by several threads at a time for different pages, by one of its
    /// own if <see cref="MayHang"/>; again, when a page that nobody changed, or that was written back, has left memory for want of frames.
    /// </summary>
    /// <param name="pageIndex">Number of the page in the file.</param>
    /// <param name="destination">The whole page; what lies beyond the file's end is cleared afterwards. What it held before is unspecified.</param>
    /// <exception cref="IOException">The contents cannot be read; the access gets SIGBUS.</exception>
    protected abstract void ReadPage(ulong pageIndex, Span<byte> destination);

    /// <summary>As <see cref="ReadPage"/> for neighbouring pages, which happen to lie in one piece. Reads them one by one, unless overridden.</summary>
    /// <param name="firstPage">Number of the first page in the file.</param>
    /// <param name="destination">Whole pages.</param>
    /// <exception cref="IOException">Not all contents can be read.</exception>
    protected internal virtual void ReadPages(ulong firstPage, Span<byte> destination)
    {
        for (ulong page = firstPage; !destination.IsEmpty; page++)
        {
            ReadPage(page, destination[..Page.Size]);
            destination = destination[Page.Size..];
        }
    }

    /// <summary>
    /// Writes neighbouring pages back. Only if <see cref="WritesBack"/>; called as <see cref="ReadPage"/>, also by the thread that reclaims in the background, which is why it should not wait for
    /// frames of this memory.
    /// </summary>
    /// <param name="firstPage">Number of the first page in the file.</param>
    /// <param name="source">Whole pages, or what the file has of its last one.</param>
    /// <exception cref="IOException">Not all could be written; the pages stay dirty.</exception>
    protected internal virtual void WritePages(ulong firstPage, ReadOnlySpan<byte> source) => throw new NotSupportedException();

    /// <summary>
    /// A shared mapping is about to make a clean page writable (Linux <c>page_mkwrite</c>): the moment to reserve room for it. Only if <see cref="NotifiesWrites"/>;
    /// called with the page locked, so that it is not being written back.
    /// </summary>
    /// <exception cref="IOException">The page cannot be written; the access gets SIGBUS.</exception>
    protected internal virtual void OnPageWritable(ulong pageIndex)
    {
    }

    /// <summary>True if <see cref="SetLength"/> is possible.</summary>
    protected virtual bool CanResize => false;

    /// <summary>Changes the length of what lies behind the cache. Called by <see cref="SetLength"/> when no page beyond a new end is left in memory.</summary>
    /// <exception cref="IOException">The length cannot be changed.</exception>
    protected virtual void Resize(ulong length)
    {
    }

    /// <summary>The last reference is gone, nothing is dirty, no page is left: the moment to close what lies behind.</summary>
    protected virtual void OnReleased()
    {
    }

    /// <summary>The file has the page, or a part of it.</summary>
    internal bool HasPage(ulong index)
    {
        ulong length = _length.LoadAcquire();
        return length != 0 && index <= Page.Count(length - 1);
    }

    /// <summary>Bytes from the start of a page, which the file has, to its end.</summary>
    internal ulong BytesFrom(ulong index)
    {
        ulong length = _length.LoadAcquire(), start = index << Page.Shift;
        return length == NoEnd ? NoEnd : length - Math.Min(length, start);
    }

    /// <summary>One more holder, by somebody who knows one: a split area, a fork.</summary>
    internal void AddReference()
    {
        uint now = _references.Add(1);
        Debug.Assert(now > 1, "A released file cannot be held again.");
    }

    /// <summary>One more holder, unless the last one has gone: a fault that is about to wait.</summary>
    internal bool TryAddReference()
    {
        uint seen = _references.LoadRelaxed();
        while (seen != 0)
        {
            uint held = _references.CompareExchange(seen + 1, seen);
            if (held == seen) return true;
            seen = held;
        }

        return false;
    }

    /// <summary>
    /// Gives a reference back; the last one writes back and frees the cached pages. Walkers that found a page through an area that has gone drop it: see
    /// <see cref="Faults.FileFault{TDesign}"/>. Outside sections and spin locks.
    /// </summary>
    internal void Release()
    {
        uint now = _references.Add(-1);
        Debug.Assert(now != uint.MaxValue, "A file was released more often than held.");
        if (now != 0) return;

        // As after Linux's close, nobody is left to be told that this failed.
        try
        {
            if (WritesBack) Cache.WriteBack(0, ulong.MaxValue);
        }
        finally
        {
            Cache.Release();
            OnReleased();
        }
    }
}
