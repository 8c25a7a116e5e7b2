namespace Faultline;

/// <summary>Linux error numbers, by their Linux names and values (x86-64).</summary>
#pragma warning disable CA1707 // the kernel's own spelling
public enum Errno
{
    /// <summary>No error.</summary>
    None = 0,

    /// <summary>Operation not permitted.</summary>
    EPERM = 1,

    /// <summary>No such thing: the range is not registered.</summary>
    ENOENT = 2,

    /// <summary>The address space was killed before the call could do its work.</summary>
    EINTR = 4,

    /// <summary>A device failed.</summary>
    EIO = 5,

    /// <summary>No file was given where one is needed.</summary>
    EBADF = 9,

    /// <summary>Try again: a resource is locked or exhausted for the moment.</summary>
    EAGAIN = 11,

    /// <summary>Out of memory, of address space, of areas (the map count) or of a resource limit.</summary>
    ENOMEM = 12,

    /// <summary>Permission denied: the file's open mode forbids the mapping.</summary>
    EACCES = 13,

    /// <summary>Bad address: a page of the range could not be faulted in.</summary>
    EFAULT = 14,

    /// <summary>The device or resource is busy.</summary>
    EBUSY = 16,

    /// <summary>The range is occupied and the call must not replace.</summary>
    EEXIST = 17,

    /// <summary>The file does not support mapping.</summary>
    ENODEV = 19,

    /// <summary>Invalid argument: alignment, length, flags, or a combination that Linux refuses.</summary>
    EINVAL = 22,

    /// <summary>The page offset overflows.</summary>
    EOVERFLOW = 75,

    /// <summary>The operation is not supported for this kind of mapping.</summary>
    EOPNOTSUPP = 95,

    /// <summary>Memory page has a hardware error.</summary>
    EHWPOISON = 133,
}
#pragma warning restore CA1707
