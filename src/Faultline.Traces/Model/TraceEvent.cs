using System.Runtime.InteropServices;

namespace Faultline.Traces;

/// <summary>One event of a recording: a common head, and the payload that <see cref="Kind"/> names. Plain data, no references.</summary>
/// <remarks>
/// The payloads share their place, so that a recording of hundreds of thousands of events is one array without a
/// managed reference. Text is an index into the recording's strings. Reading a payload of another kind gives nonsense.
/// </remarks>
[StructLayout(LayoutKind.Explicit)]
public struct TraceEvent
{
    /// <summary><see cref="Space"/> of a loss, which belongs to no process, and what the first exec left.</summary>
    public const int NoSpace = -1;

    private const int Head = 32;

    /// <summary>Nanoseconds of one clock for the whole recording; of a call, its enter. Never less than the event before.</summary>
    [FieldOffset(0)]
    public long Time;

    /// <summary>The process (Linux: thread group) that the event belongs to.</summary>
    [FieldOffset(8)]
    public int ProcessId;

    /// <summary>The thread.</summary>
    [FieldOffset(12)]
    public int ThreadId;

    /// <summary>The event's place in the recording, from 0. Set by the reader.</summary>
    [FieldOffset(16)]
    public int Index;

    /// <summary>The address space, from 0: a new one at every exec and at every fork without CLONE_VM; <see cref="NoSpace"/> of a loss. Set by the reader.</summary>
    [FieldOffset(20)]
    public int Space;

    /// <summary>The CPU.</summary>
    [FieldOffset(24)]
    public int Cpu;

    /// <summary>Which payload holds.</summary>
    [FieldOffset(28)]
    public EventKind Kind;

    /// <summary>Payload of <see cref="EventKind.Call"/>.</summary>
    [FieldOffset(Head)]
    public CallData Call;

    /// <summary>Payload of <see cref="EventKind.Fault"/>.</summary>
    [FieldOffset(Head)]
    public FaultData Fault;

    /// <summary>Payload of <see cref="EventKind.Mapping"/>.</summary>
    [FieldOffset(Head)]
    public MappingData Mapping;

    /// <summary>Payload of <see cref="EventKind.Exec"/>.</summary>
    [FieldOffset(Head)]
    public ExecData Exec;

    /// <summary>Payload of <see cref="EventKind.Fork"/>.</summary>
    [FieldOffset(Head)]
    public ForkData Fork;

    /// <summary>Payload of <see cref="EventKind.Exit"/>.</summary>
    [FieldOffset(Head)]
    public ExitData Exit;

    /// <summary>Payload of <see cref="EventKind.Signal"/>.</summary>
    [FieldOffset(Head)]
    public SignalData Signal;

    /// <summary>Payload of <see cref="EventKind.Lost"/>.</summary>
    [FieldOffset(Head)]
    public LostData Lost;

    /// <summary>Payload of <see cref="EventKind.Name"/>.</summary>
    [FieldOffset(Head)]
    public NameData Name;
}
