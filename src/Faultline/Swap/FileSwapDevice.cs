using Microsoft.Win32.SafeHandles;

namespace Faultline.Swap;

/// <summary>Swaps to a file of the host.</summary>
public sealed class FileSwapDevice : SwapDevice
{
    private readonly SafeFileHandle _file;

    /// <summary>Creates the file, or overwrites it. It is deleted when the device is disposed of.</summary>
    /// <exception cref="IOException">The host refuses, or has no room for the file.</exception>
    public FileSwapDevice(string path, int capacityInPages)
        : base(path, capacityInPages) =>
        _file = File.OpenHandle(
            path, FileMode.Create, FileAccess.ReadWrite, FileShare.None, FileOptions.RandomAccess | FileOptions.DeleteOnClose,
            preallocationSize: (long)capacityInPages * Page.Size);

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
