using Faultline.Files;

namespace Faultline.Traces.Replay;

/// <summary>
/// Brings the pages around a read into memory, before it: recorded programs run from files that the machine has in memory, of which a fault maps sixteen pages at once.
/// It is not part of the fault's latency.
/// </summary>
internal static class WarmFiles
{
    /// <summary>What Linux maps around a read fault (<c>fault_around_bytes</c>).</summary>
    public const int Pages = 16;

    private const ulong Bytes = (ulong)Pages << Page.Shift;

    /// <summary>Reads the pages of a recorded file that a fault at <paramref name="address"/> may map.</summary>
    public static void Around(AddressSpace space, ulong address)
    {
        if (space.Areas.Find(address) is not { File: ContentsFile or GeneratedFile } area || LivesInMemory(area.File)) return;
        ulong start = Math.Max(address & ~(Bytes - 1), area.Start);
        ulong end = Math.Min(start + Bytes, area.End);
        PageCache cache = area.File!.Cache;
        for (ulong page = start; page < end; page += Page.Size)
        {
            ulong index = area.PageIndex(page);

            // The table of files holds the file, whoever unmaps it meanwhile.
            if (!cache.TryLookup(index, out _) && cache.GetOrRead(index, out uint pfn) == FileResult.Ok) space.Memory.Release(pfn);
        }
    }

    // What was never touched of memfd, System V and POSIX shared memory does not exist. The kernel's own tmpfs has the first anonymous device.
    private static bool LivesInMemory(VmFile file) => file.Identity is { Major: 0, Minor: 1 } || file.Name.StartsWith("/dev/shm/", StringComparison.Ordinal);
}
