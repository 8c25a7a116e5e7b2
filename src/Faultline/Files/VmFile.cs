using System.Diagnostics;
using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Files;

/// <summary>
/// An object whose pages areas map: the role of Linux's <c>file</c> with its <c>address_space</c>. Derive from it to map contents of your own.
/// </summary>
/// <remarks>
/// The creator holds one reference, which <see cref="Dispose"/> gives back, as <c>close</c> does; each area that maps the file holds one more.
/// With the last reference the cached pages go home: areas outlive the closing of the file, as in Linux.
/// </remarks>
public abstract class VmFile : IDisposable
{
    // Atomic; a file at zero stays there. The decrement to zero is a full fence: what other holders did comes before the release.
    private Word32 _references = new(1);

    // 1 once the creator's reference was given back.
    private Word32 _disposed;

    /// <summary>Describes the file.</summary>
    /// <param name="memory">Where its cached pages lie; only address spaces over the same memory can map it.</param>
    /// <param name="name">The path, as <c>maps</c> prints it.</param>
    /// <param name="identity">Device and inode, as <c>maps</c> prints them.</param>
    /// <param name="length">Length in bytes; null if the file has no end, as a device.</param>
    protected VmFile(PhysicalMemory memory, string name, FileIdentity identity, ulong? length)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(name);
        Memory = memory;
        Name = name;
        Identity = identity;
        Length = length;
        Cache = new PageCache(this);
    }

    /// <summary>The path, as <c>maps</c> prints it.</summary>
    public string Name { get; }

    /// <summary>Device and inode.</summary>
    public FileIdentity Identity { get; }

    /// <summary>Length in bytes; access to whole pages beyond it is SIGBUS. Null if the file has no end.</summary>
    public ulong? Length { get; }

    /// <summary>The memory whose frames hold the file's pages.</summary>
    public PhysicalMemory Memory { get; }

    /// <summary>
    /// True if faults may find the file's pages, and call <see cref="ReadPage"/>, without the address-space lock: the opt-in that the review of v12 asked for.
    /// A file that relies on the lock being held must say false. Constant: an area asks once.
    /// </summary>
    public virtual bool SupportsSpeculation => false;

    /// <summary>The pages in memory.</summary>
    internal PageCache Cache { get; }

    /// <summary>True once the last reference was given back.</summary>
    internal bool IsReleased => _references.LoadAcquire() == 0;

    /// <summary>Gives the creator's reference back. Areas that map the file keep it.</summary>
    public void Dispose()
    {
        if (_disposed.Exchange(1) == 0) Release();
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>
    /// Fills <paramref name="destination"/> with the contents of a page. Called outside all locks, by several threads at a time, possibly twice
    /// for the same page, of which one result is kept.
    /// </summary>
    /// <param name="pageIndex">Number of the page in the file.</param>
    /// <param name="destination">All of the page, or what the file has of its last one; what it held before is unspecified.</param>
    /// <exception cref="IOException">The contents cannot be read; the access gets SIGBUS.</exception>
    protected abstract void ReadPage(ulong pageIndex, Span<byte> destination);

    /// <inheritdoc cref="ReadPage"/>
    internal void Read(ulong pageIndex, Span<byte> destination) => ReadPage(pageIndex, destination);

    /// <summary>Gives up what the pages lay in besides the cache, with the last reference.</summary>
    internal virtual void ReleaseBacking()
    {
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
    /// Gives a reference back; the last one frees the cached pages. Walkers that found a page through an area that has gone drop it: see
    /// <see cref="Faults.FileFault{TDesign}"/>. Outside sections and spin locks.
    /// </summary>
    internal void Release()
    {
        uint now = _references.Add(-1);
        Debug.Assert(now != uint.MaxValue, "A file was released more often than held.");
        if (now != 0) return;
        Cache.Release();
        ReleaseBacking();
    }
}
