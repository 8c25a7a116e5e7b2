namespace Faultline.Traces;

/// <summary>A new image. Its mapping lines follow, with this event as their <see cref="MappingData.Owner"/>.</summary>
/// <remarks>
/// The event stands where Linux replaces the address space (perf: <c>COMM exec</c>), which lies inside the execve call: the call's
/// record comes before it, still in the old space. A failed execve has no such event.
/// </remarks>
public struct ExecData
{
    /// <summary>File name that was executed, as an index into the strings; -1 when unknown.</summary>
    public int Path;

    /// <summary>The thread's new name, as an index into the strings; -1 when unknown.</summary>
    public int Name;

    /// <summary>The thread that called execve; it takes the process's id when it was not the first thread.</summary>
    public int OldThreadId;

    /// <summary>The space that was left, <see cref="TraceEvent.NoSpace"/> for the first image of the recording. Set by the reader.</summary>
    public int PreviousSpace;
}

/// <summary>A started thread or process, on the parent's side; it precedes every event of the child.</summary>
public struct ForkData
{
    /// <summary>The child's process.</summary>
    public int ChildProcessId;

    /// <summary>The child's first thread.</summary>
    public int ChildThreadId;

    /// <summary>The child's address space: the parent's with <see cref="CloneFlags.Vm"/>, else a new one. Set by the reader.</summary>
    public int ChildSpace;

    /// <summary>The flags; when the recording lacks them, those that the process ids imply.</summary>
    public CloneFlags Flags;

    /// <summary>The child shares the parent's address space: a thread, or a vfork child until its exec or exit.</summary>
    public readonly bool SharesSpace => (Flags & CloneFlags.Vm) != 0;

    /// <summary>The child is a thread of the same process.</summary>
    public readonly bool IsThread => (Flags & CloneFlags.Thread) != 0;
}

/// <summary>The end of one thread.</summary>
public struct ExitData
{
    /// <summary>It was the last thread of its process.</summary>
    public bool GroupDead;
}

/// <summary>A delivered signal.</summary>
public struct SignalData
{
    /// <summary>The signal's number.</summary>
    public int Number;

    /// <summary>si_code: for SIGSEGV 1 is MAPERR, 2 ACCERR.</summary>
    public int Code;
}

/// <summary>Events that the recorder could not keep.</summary>
public struct LostData
{
    /// <summary>How many.</summary>
    public long Count;
}

/// <summary>A thread's new name.</summary>
public struct NameData
{
    /// <summary>The name, as an index into the strings.</summary>
    public int Name;
}

/// <summary>The flags of clone that decide what a child shares. Other bits are kept as recorded.</summary>
[Flags]
public enum CloneFlags : ulong
{
    /// <summary>A plain fork.</summary>
    None = 0,

    /// <summary>CLONE_VM: one address space.</summary>
    Vm = 0x100,

    /// <summary>CLONE_VFORK: the parent waits until the child's exec or exit.</summary>
    Vfork = 0x4000,

    /// <summary>CLONE_THREAD: one process.</summary>
    Thread = 0x10000,
}
