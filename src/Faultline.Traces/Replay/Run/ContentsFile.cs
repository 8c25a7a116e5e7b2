using Faultline.Files;
using Faultline.Physical;
using Microsoft.Win32.SafeHandles;

namespace Faultline.Traces.Replay;

/// <summary>
/// A recorded file with the contents of the host's file of that name. It is only ever read: what a replay writes to its shared pages stays in memory. It has no end,
/// because the host's file may be shorter than the recorded one was; beyond the host's end there are zeros.
/// </summary>
internal sealed class ContentsFile : VmFile
{
    private readonly SafeFileHandle _handle;

    private ContentsFile(PhysicalMemory memory, SafeFileHandle handle, string name, FileIdentity identity)
        : base(memory, name, identity, length: null) => _handle = handle;

    /// <summary>Null if the host has no such file, or not one that can be read.</summary>
    public static ContentsFile? TryOpen(PhysicalMemory memory, string path, FileIdentity identity)
    {
        try
        {
            // Devices and pipes have no length, and are not opened: that alone may do something.
            if (!Path.IsPathRooted(path) || path.Contains('\0') || !(new FileInfo(path) is { Exists: true, Length: > 0 })) return null;
            return new ContentsFile(memory, File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete), path, identity);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public override bool SupportsSpeculation => true;

    /// <inheritdoc/>
    protected override void ReadPage(ulong pageIndex, Span<byte> destination)
    {
        long offset = (long)(pageIndex << Page.Shift);
        int read;
        while (!destination.IsEmpty && (read = RandomAccess.Read(_handle, destination, offset)) > 0)
        {
            destination = destination[read..];
            offset += read;
        }

        destination.Clear();
    }

    /// <inheritdoc/>
    protected override void OnReleased() => _handle.Dispose();
}
