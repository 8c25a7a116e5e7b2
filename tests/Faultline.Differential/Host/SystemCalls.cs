namespace Faultline.Differential.Host;

/// <summary>Numbers of Linux system calls on x86-64.</summary>
internal static class SystemCalls
{
    public const int Read = 0, Write = 1, Open = 2, Close = 3, ReadAt = 17, WriteAt = 18, Sync = 26, Truncate = 77, Allocate = 285, MemoryFile = 319;
    public const int Map = 9, Protect = 10, Unmap = 11, Brk = 12, SignalAction = 13, Remap = 25, MinCore = 27, Advise = 28, Fork = 57;
    public const int Unlock = 150, LockAll = 151, UnlockAll = 152, SetCapabilities = 126, ProcessControl = 157, ResourceLimit = 302, Lock2 = 325;
    public const int AllocateKey = 330, FreeKey = 331;
}
