namespace Faultline.Traces;

/// <summary>What a <see cref="TraceEvent"/> is, and so which of its payloads holds. The values are part of the file format.</summary>
public enum EventKind : byte
{
    /// <summary>A system call: <see cref="TraceEvent.Call"/>.</summary>
    Call = 1,

    /// <summary>A page fault: <see cref="TraceEvent.Fault"/>.</summary>
    Fault = 2,

    /// <summary>A line of the memory map as Linux reports it: <see cref="TraceEvent.Mapping"/>.</summary>
    Mapping = 3,

    /// <summary>The process got a new image and an empty address space: <see cref="TraceEvent.Exec"/>.</summary>
    Exec = 4,

    /// <summary>A thread or process was started: <see cref="TraceEvent.Fork"/>.</summary>
    Fork = 5,

    /// <summary>A thread ended: <see cref="TraceEvent.Exit"/>.</summary>
    Exit = 6,

    /// <summary>A signal was delivered: <see cref="TraceEvent.Signal"/>.</summary>
    Signal = 7,

    /// <summary>The recorder lost events here: <see cref="TraceEvent.Lost"/>.</summary>
    Lost = 8,

    /// <summary>A thread got a name: <see cref="TraceEvent.Name"/>.</summary>
    Name = 9,
}
