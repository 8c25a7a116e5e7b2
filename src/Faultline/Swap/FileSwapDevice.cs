using Microsoft.Win32.SafeHandles;

namespace Faultline.Swap;

/// <summary>Swaps to a file of the host.</summary>
public sealed class FileSwapDevice : SwapDevice
{
    private readonly SafeFileHandle _file;

    /// <summary>Creates the file. It is deleted when the device is disposed of.</summary>
    /// <param name="path">Names nothing yet: what is there, a file, a link, a device, could be somebody's, and would be overwritten and deleted.</param>
    /// <param name="capacityInPages">How many slots it has.</param>
    /// <exception cref="ArgumentException">The path is empty.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="capacityInPages"/> is below 1, or above what a swap entry can name.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="UnauthorizedAccessException">The user may not create files in the folder.</exception>
    /// <exception cref="IOException">Something is there already, the host refuses for another reason, or it has no room for the file.</exception>
    public FileSwapDevice(string path, int capacityInPages)
        : base(path, capacityInPages) => _file = Create(path, (long)capacityInPages * Page.Size);

    private static SafeFileHandle Create(string path, long length)
    {
        try
        {
            // The host decides, in one step, that the name is new.
            return File.OpenHandle(
                path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, FileOptions.RandomAccess | FileOptions.DeleteOnClose, preallocationSize: length);
        }
        catch (IOException exception) when (Path.Exists(path))
        {
            throw new IOException($"{path} exists. A swap file is overwritten and deleted, so it is made anew: name a path where nothing is, or delete what an earlier run has left.", exception);
        }
    }

    /// <inheritdoc/>
    protected internal override bool TryWrite(int slot, ReadOnlySpan<byte> page)
    {
        try
        {
            RandomAccess.Write(_file, page, (long)slot << Page.Shift);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    protected internal override void Read(int slot, Span<byte> page)
    {
        long offset = (long)slot << Page.Shift;
        while (!page.IsEmpty)
        {
            int count = RandomAccess.Read(_file, page, offset);
            if (count == 0) throw new EndOfStreamException($"The swap file {Name} was truncated.");
            page = page[count..];
            offset += count;
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) _file.Dispose();
    }
}
