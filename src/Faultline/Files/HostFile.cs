using Faultline.Physical;
using Faultline.Sync;
using Microsoft.Win32.SafeHandles;

namespace Faultline.Files;

/// <summary>
/// A file of the host. Its pages are cached in the arena; changes reach the host with <c>msync</c>, <see cref="VmFile.Flush"/>, and when nobody holds the file any more.
/// </summary>
/// <remarks>
/// While it is open the file must not be changed or truncated on the host by others: the cache would not notice. Two objects over one host file have a cache each;
/// so open it once, and map it as often as needed.
/// </remarks>
public sealed class HostFile : VmFile
{
    // 128 KiB, as Linux reads ahead by default.
    private const int DefaultReadAhead = 32;

    // For files whose inode is not known: on device 0, one number each. Atomic.
    private static Word64 s_lastInode;

    private readonly SafeFileHandle _handle;

    /// <summary>Takes a handle over, which is closed with the last reference to the file.</summary>
    /// <param name="memory">Where its cached pages lie.</param>
    /// <param name="handle">A file that can be read at any position. With direct I/O too: reads and writes are whole pages, but for the end of the file.</param>
    /// <param name="name">The path, as <c>maps</c> prints it.</param>
    /// <param name="access">How the handle was opened.</param>
    /// <param name="identity">Device and inode, as <c>maps</c> prints them; null for made-up ones.</param>
    /// <param name="readAhead">Pages that are read together; 1 for none but the missing one, at most 64.</param>
    /// <param name="mayHang">Reads may take for ever, as on a network file system whose server is gone: see <see cref="VmFile.MayHang"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="readAhead"/> is not from 1 to 64.</exception>
    /// <exception cref="IOException">The host does not say how long the file is.</exception>
    /// <exception cref="NotSupportedException">The handle has no positions: it is a pipe's, for instance.</exception>
    public HostFile(
        PhysicalMemory memory, SafeFileHandle handle, string name, FileAccess access, FileIdentity? identity = null, int readAhead = DefaultReadAhead, bool mayHang = false)
        : base(memory, name, identity ?? new FileIdentity(0, 0, s_lastInode.Add(1)), LengthOf(handle), access)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(readAhead, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(readAhead, PageCache.MaxReadAhead);
        _handle = handle;
        ReadAheadPages = readAhead;
        MayHang = mayHang;
    }

    /// <summary>Opens a file of the host.</summary>
    /// <param name="memory">Where its cached pages lie.</param>
    /// <param name="path">The host's path.</param>
    /// <param name="mode">Whether it is created.</param>
    /// <param name="access">What for.</param>
    /// <param name="mayHang">Reads may take for ever: see <see cref="VmFile.MayHang"/>.</param>
    /// <exception cref="ArgumentException">The path is empty, or the mode goes with another access only.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="UnauthorizedAccessException">The user has not the right, or the path is a folder's.</exception>
    /// <exception cref="IOException">The host refuses for another reason.</exception>
    /// <exception cref="NotSupportedException">The file has no positions: it is a pipe, for instance.</exception>
    public static HostFile Open(PhysicalMemory memory, string path, FileMode mode = FileMode.Open, FileAccess access = FileAccess.Read, bool mayHang = false)
    {
        ArgumentNullException.ThrowIfNull(memory);

        // Pages that are written in part must be read first, by a file that is open for writing only too; what users may do with it, VmFile decides.
        FileAccess host = access == FileAccess.Write ? FileAccess.ReadWrite : access;
        SafeFileHandle handle = File.OpenHandle(path, mode, host, FileShare.ReadWrite | FileShare.Delete);
        try
        {
            return new HostFile(memory, handle, Path.GetFullPath(path), access, mayHang: mayHang);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override bool SupportsSpeculation => true;

    /// <inheritdoc/>
    public override bool MayHang { get; }

    /// <inheritdoc/>
    protected internal override bool WritesBack => (Access & FileAccess.Write) != 0;

    /// <inheritdoc/>
    protected internal override int ReadAheadPages { get; }

    /// <inheritdoc/>
    protected override void ReadPage(ulong pageIndex, Span<byte> destination) => ReadPages(pageIndex, destination);

    /// <inheritdoc/>
    protected internal override void ReadPages(ulong firstPage, Span<byte> destination)
    {
        long offset = (long)(firstPage << Page.Shift);
        while (!destination.IsEmpty)
        {
            int read = RandomAccess.Read(_handle, destination, offset);

            // The end: what lies beyond it the cache clears.
            if (read == 0) return;
            destination = destination[read..];
            offset += read;
        }
    }

    /// <inheritdoc/>
    protected internal override void WritePages(ulong firstPage, ReadOnlySpan<byte> source) =>
        RandomAccess.Write(_handle, source, (long)(firstPage << Page.Shift));

    /// <inheritdoc/>
    protected override bool CanResize => true;

    /// <inheritdoc/>
    protected override void Resize(ulong length) => RandomAccess.SetLength(_handle, (long)length);

    /// <inheritdoc/>
    protected override void OnReleased() => _handle.Dispose();

    private static ulong LengthOf(SafeFileHandle handle)
    {
        ArgumentNullException.ThrowIfNull(handle);
        return (ulong)RandomAccess.GetLength(handle);
    }
}
