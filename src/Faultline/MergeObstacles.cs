namespace Faultline;

/// <summary>What keeps two adjacent areas from being one (Linux <c>mm/vma.c</c>). Each alone is enough.</summary>
[Flags]
public enum MergeObstacles
{
    /// <summary>Nothing: the next call that changes either of the areas makes them one. Faults merge nothing.</summary>
    None = 0,

    /// <summary>They may be accessed in different ways.</summary>
    Rights = 1 << 0,

    /// <summary>They differ in another property: locking, accounting, advice, sharing, growth, what <c>mprotect</c> may grant.</summary>
    Flags = 1 << 1,

    /// <summary>Different objects stand behind them, or only one has an object.</summary>
    Object = 1 << 2,

    /// <summary>
    /// The second does not continue the first in their object. Anonymous memory has page numbers too: those of where it was mapped, which it keeps when it is moved
    /// after its first write.
    /// </summary>
    Offset = 1 << 3,

    /// <summary>
    /// Each has its own reverse map of private pages (<c>anon_vma</c>): they were first written apart from each other, or are areas that a fork copied.
    /// Nothing ever joins two reverse maps; only memory that is mapped anew has none.
    /// </summary>
    AnonVma = 1 << 4,

    /// <summary>
    /// One was never written, and the other's reverse map comes from a fork: it is not handed on, because its pages would burden the ancestors' maps.
    /// </summary>
    ForkedAnonVma = 1 << 5,

    /// <summary>One maps raw frames of a device: such an area never merges (<c>VM_SPECIAL</c>).</summary>
    RawFrames = 1 << 6,

    /// <summary>The faults of the two are served by different <see cref="UserFaultHandler"/>s.</summary>
    Handler = 1 << 7,
}
