namespace Faultline.Traces.Format;

/// <summary>The columns of an event block, in file order. Like values stand together, which is what zstd wants.</summary>
internal enum Column
{
    /// <summary><see cref="EventKind"/>, one byte per event.</summary>
    Kind,

    /// <summary>Nanoseconds since the event before it in the block.</summary>
    Time,

    /// <summary>Thread: index into the file's table of (process, thread); the table's length defines the next one.</summary>
    Thread,

    /// <summary>Process and thread ids, where new ones are named.</summary>
    Id,

    /// <summary>CPU.</summary>
    Cpu,

    /// <summary>Call number and flags.</summary>
    Call,

    /// <summary>Exit time less enter time.</summary>
    Duration,

    /// <summary>Arguments, as difference to the same argument of the call before it with that number.</summary>
    Argument,

    /// <summary>Result, as difference to the result before it of that call.</summary>
    Result,

    /// <summary>Fault address, as difference to the thread's fault before it.</summary>
    Address,

    /// <summary>Instruction, as difference to the thread's fault before it.</summary>
    Instruction,

    /// <summary>Fault error code.</summary>
    Code,

    /// <summary>Start of a mapping line, as difference to the line before it.</summary>
    Start,

    /// <summary>Length and offset of a mapping line.</summary>
    Extent,

    /// <summary>Device, inode, generation and rights of a mapping line.</summary>
    File,

    /// <summary>Events back to the owner of a mapping line, 0 for none.</summary>
    Owner,

    /// <summary>String index + 1, 0 for none; the table's length + 1 defines the next one.</summary>
    String,

    /// <summary>UTF-8 of new strings, each with its length.</summary>
    Text,

    /// <summary>The rest: clone flags, exits, signals, losses.</summary>
    Rest,

    /// <summary>How many columns there are.</summary>
    Count,
}
