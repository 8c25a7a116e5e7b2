namespace Faultline.Traces;

/// <summary>The recorded system calls. The values are Faultline's own (kernel numbers differ by machine) and part of the file format.</summary>
public enum SystemCall : byte
{
#pragma warning disable CS1591 // each name is the call's own
    Mmap = 1,
    Munmap = 2,
    Mprotect = 3,
    Mremap = 4,
    Madvise = 5,
    Brk = 6,
    Mlock = 7,
    Munlock = 8,
    Msync = 9,
    Mincore = 10,
    Execve = 11,
    Fork = 12,
    Vfork = 13,
    Clone = 14,
    Clone3 = 15,
    Exit = 16,
    ExitGroup = 17,
    Mlock2 = 18,
    Mlockall = 19,
    Munlockall = 20,
    PkeyMprotect = 21,
    Shmat = 22,
    Shmdt = 23,
    ProcessMadvise = 24,
    Ftruncate = 25,
    Prlimit64 = 26,
    Execveat = 27,
#pragma warning restore CS1591
}
