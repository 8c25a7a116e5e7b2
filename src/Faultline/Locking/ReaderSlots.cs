using System.Diagnostics;
using Faultline.Sync;

namespace Faultline.Locking;

/// <summary>
/// Counts the readers of a lock in lines of their own, so that readers of different threads write nothing in common (Dice and Kogan, <em>BRAVO</em>, USENIX ATC 2019; Linux's
/// <c>percpu_rw_semaphore</c>). The writer pays: it looks at every line.
/// </summary>
/// <remarks>
/// <code>
///   reader                                      writer (one at a time: the lock behind this sees to it)
///   count of my slot += 1   (full fence)        writer = me   (full fence)
///   writer there? no: inside                    every count 0? inside
///   …                                           else sleep, and look again
///   count of my slot -= 1   (full fence)
///   writer there? wake it
/// </code>
/// Either the reader sees the writer, takes its count back and waits for it at the lock behind, or the writer sees the count. For spaces whose writers mostly lock ranges:
/// they are readers here, and one count for all of them would be the line that every call on every range writes.
/// </remarks>
internal sealed class ReaderSlots
{
    private const int Slots = 16;

    // Two lines: processors fetch the next one as well.
    private const int WordsPerSlot = 16;
    private const int UserWord = 1;

    // Of each slot: how many of its threads are inside, by atomic additions; and beside it what the last of them came for, for statistics, stored without order.
    private readonly Word64[] _words = new Word64[Slots * WordsPerSlot];

    // Wakes the writer that holds the lock or waits for these readers; null while readers may enter. Exchanged by the writer as it comes, cleared by a release store.
    private Ref<Parker?> _writer;

    private readonly Parker _parker = new();

    // 1 once the writer is alone. The writer's; others read it for assertions.
    private Word32 _isBlocked;

    /// <summary>The writer is inside, and no reader; for assertions.</summary>
    public bool IsBlocked => _isBlocked.LoadRelaxed() != 0;

    /// <summary>Somebody is inside by some slot; for assertions.</summary>
    public bool IsAnybodyInside => FirstInside(0) < Slots;

    private ref Word64 OwnCount => ref _words[Threads.CurrentId % Slots * WordsPerSlot];

    /// <summary>Enters if no writer holds the lock or waits; never waits.</summary>
    public bool TryEnter(LockUser user)
    {
        int slot = Threads.CurrentId % Slots * WordsPerSlot;

        // A full fence between the count and the look at the writer; pairs with the exchange in TryBlock.
        _words[slot].Add(1);

        // Acquires what the last writer did before it unblocked.
        if (_writer.LoadAcquire() is { } writer)
        {
            _words[slot].Add(-1);
            writer.Unpark();
            return false;
        }

        _words[slot + UserWord].StoreRelaxed((ulong)user);
        return true;
    }

    /// <summary>Enters while no writer can be here: the caller holds the lock behind.</summary>
    public void Enter(LockUser user)
    {
        int slot = Threads.CurrentId % Slots * WordsPerSlot;
        _words[slot].Add(1);
        _words[slot + UserWord].StoreRelaxed((ulong)user);
    }

    /// <summary>Leaves, by the thread that entered.</summary>
    public void Leave()
    {
        Debug.Assert(OwnCount.LoadRelaxed() != 0, "Only a reader leaves as one.");

        // Releases to the writer that finds the count 0, and a full fence before the look whether there is one.
        OwnCount.Add(-1);
        _writer.LoadAcquire()?.Unpark();
    }

    /// <summary>Keeps readers out from now on, if none is inside; else changes nothing. By the one writer.</summary>
    public bool TryBlock()
    {
        _writer.Exchange(_parker);
        bool isAlone = FirstInside(0) == Slots;
        if (isAlone) _isBlocked.StoreRelaxed(1);
        else Unblock();
        return isAlone;
    }

    /// <summary>
    /// Keeps readers out and waits for those inside; false, and nobody is kept out, if <paramref name="signal"/> is sent before they have left. By the one writer.
    /// </summary>
    /// <param name="signal">What ends the wait; null for nothing.</param>
    /// <param name="waits">There was somebody to wait for.</param>
    /// <param name="holder">What one of them did.</param>
    public bool TryBlock(FatalSignal? signal, out bool waits, out LockUser holder)
    {
        // A full fence between the announcement and the look at the counts; pairs with the addition in TryEnter and in Leave.
        _writer.Exchange(_parker);
        int slot = FirstInside(0);
        waits = slot < Slots;
        holder = waits ? (LockUser)_words[(slot * WordsPerSlot) + UserWord].LoadRelaxed() : default;
        if (waits && !TryWaitForReaders(slot, signal))
        {
            Unblock();
            return false;
        }

        _isBlocked.StoreRelaxed(1);
        return true;
    }

    /// <summary>The writer that waits for readers, if one does, looks again.</summary>
    public void WakeWriter() => _writer.LoadAcquire()?.Unpark();

    private bool TryWaitForReaders(int slot, FatalSignal? signal)
    {
        var backoff = new Backoff();
        while ((slot = FirstInside(slot)) < Slots)
        {
            // The announcement, a full fence, comes before this look, and the sending of the signal, another, before the sender's look for a writer.
            if (signal is { IsPending: true }) return false;

            // Who leaves after the look at its count leaves a permit. One that is left over costs another look.
            if (backoff.ShouldPark) _parker.Park();
            else backoff.Wait();
        }

        return true;
    }

    /// <summary>Lets readers in, and releases what the writer did to them.</summary>
    public void Unblock()
    {
        _isBlocked.StoreRelaxed(0);
        _writer.StoreRelease(null);
    }

    // A slot that was found empty while the writer is announced stays so, but for readers that look and go.
    private int FirstInside(int from)
    {
        // Acquire: pairs with the addition of who left.
        while (from < Slots && _words[from * WordsPerSlot].LoadAcquire() == 0) from++;
        return from;
    }
}
