using Faultline.Files;

namespace Faultline.Areas;

/// <summary>What <c>mmap</c> was asked for, its arguments checked and rounded.</summary>
/// <param name="Address">A hint, or the place if <see cref="IsFixed"/>.</param>
/// <param name="Length">In bytes, whole pages.</param>
/// <param name="Protection">Rights.</param>
/// <param name="Flags">As given, FixedNoReplace with Fixed.</param>
/// <param name="File">Null for anonymous memory.</param>
/// <param name="Offset">In bytes, page-aligned.</param>
/// <param name="Place">Where a recording has a map that is not fixed; null otherwise.</param>
internal readonly record struct MapRequest(
    ulong Address, ulong Length, Protection Protection, MapFlags Flags, VmFile? File, ulong Offset, RecordedPlace? Place)
{
    private const MapFlags TypeMask = (MapFlags)0x0f;

    public bool IsFixed => (Flags & MapFlags.Fixed) != 0;

    /// <summary>Shared, Private or SharedValidate.</summary>
    public MapFlags Type => Flags & TypeMask;

    public MapBacking Backing
    {
        get
        {
            if (File is not null) return BackingOf(File);
            return Type == MapFlags.Private ? MapBacking.Anonymous : MapBacking.SharedMemory;
        }
    }

    public static MapBacking BackingOf(VmFile file) => file is MemoryFile or SharedAnonymousFile ? MapBacking.SharedMemory : MapBacking.File;
}
