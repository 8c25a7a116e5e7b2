namespace Faultline.Traces;

/// <summary>One line of the memory map as Linux reports it after it merged the change: an image's segment, a file map, an mprotect.</summary>
public struct MappingData
{
    /// <summary>No event owns the line.</summary>
    public const int NoOwner = -1;

    /// <summary>First address.</summary>
    public ulong Start;

    /// <summary>Bytes.</summary>
    public ulong Length;

    /// <summary>Offset in the file, bytes; of anonymous memory, what Linux keeps there (its address when it was mapped).</summary>
    public ulong Offset;

    /// <summary>The file's inode; 0 for anonymous memory. With the device it is the file's identity: descriptors are not recorded.</summary>
    public ulong Inode;

    /// <summary>The inode's generation, which tells a new file from a deleted one with the same number.</summary>
    public ulong Generation;

    /// <summary>Device, major number.</summary>
    public uint DeviceMajor;

    /// <summary>Device, minor number.</summary>
    public uint DeviceMinor;

    /// <summary>Path or Linux's name ("//anon", "[stack]", "[vdso]"), as an index into the strings.</summary>
    public int Path;

    /// <summary>
    /// Index of the event that the line reports on: the call of the same thread between whose enter and exit it stands, or
    /// the exec whose image it is part of; <see cref="NoOwner"/> when neither was recorded.
    /// </summary>
    public int Owner;

    /// <summary>Rights and sharing.</summary>
    public MappingRights Rights;

    /// <summary>First address after the range.</summary>
    public readonly ulong End => Start + Length;

    /// <summary>Backed by a file (or by shared memory, which Linux backs with a file of its own).</summary>
    public readonly bool IsFile => (Inode | Generation | DeviceMajor | DeviceMinor) != 0; // shared memory may have inode 0
}

/// <summary>The four letters of a maps line.</summary>
[Flags]
public enum MappingRights : byte
{
    /// <summary>Private, no access.</summary>
    None = 0,

    /// <summary>r</summary>
    Read = 1 << 0,

    /// <summary>w</summary>
    Write = 1 << 1,

    /// <summary>x</summary>
    Execute = 1 << 2,

    /// <summary>s instead of p</summary>
    Shared = 1 << 3,
}
