using System.Runtime.CompilerServices;
using Faultline.Sync;

namespace Faultline.Locking;

/// <summary>
/// How often writers of a space have begun and ended, for faults that validate by it (<see cref="FaultDesign.SpaceSequence"/>). Two counts and not one that is odd while
/// somebody writes: under range locks there may be two writers.
/// </summary>
/// <remarks>
/// <code>
///   fault                                  writer
///   ended = n; begun = n: nobody writes
///   find, walk                             begun (full fence)
///   table lock                             page_table_lock; table lock: change, unlock
///   begun still n? install                 ended (releases)
/// </code>
/// Read in that order equal counts mean that nobody was at work when <c>ended</c> was read. The fault that took the table's lock first finds <c>begun</c> as it was, and its
/// entry is seen by the writer; the one that takes it after a writer finds another count.
/// </remarks>
internal sealed class WriterCounts
{
    // Raised by each writer before it changes anything, and after it has; nobody lowers them.
    private Word64 _begun, _ended;

    /// <summary>A writer is about to change areas or tables. A full fence.</summary>
    public void Begin() => _begun.Add(1);

    /// <summary>Releases what the writer did to faults that find the counts equal.</summary>
    public void End() => _ended.Add(1);

    /// <summary>The count of writers; false while one is at work.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryRead(out ulong begun)
    {
        // Acquire, both: they pair with Begin and End.
        ulong ended = _ended.LoadAcquire();
        begun = _begun.LoadAcquire();
        return begun == ended;
    }

    /// <summary>No writer has begun since. Under a table's lock, whose compare-and-swap keeps this load behind what was done before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsUnchanged(ulong begun) => _begun.LoadAcquire() == begun;
}
