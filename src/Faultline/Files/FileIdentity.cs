namespace Faultline.Files;

/// <summary>Which file it is, as <c>/proc/PID/maps</c> prints it: <c>08:02 1048602</c>.</summary>
/// <param name="Major">Device, major number.</param>
/// <param name="Minor">Device, minor number.</param>
/// <param name="Inode">Number of the file on the device.</param>
public readonly record struct FileIdentity(uint Major, uint Minor, ulong Inode);
