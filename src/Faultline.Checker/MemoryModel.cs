namespace Faultline.Checker;

/// <summary>What a load may see.</summary>
public enum MemoryModel
{
    /// <summary>Every store is visible to all threads at once.</summary>
    SequentiallyConsistent,

    /// <summary>
    /// x86: each thread's stores wait in a first-in-first-out buffer that only the thread itself looks into. When one
    /// reaches memory is a choice of the schedule. Atomic read-modify-writes and full fences wait for an empty buffer.
    /// </summary>
    Tso,
}
