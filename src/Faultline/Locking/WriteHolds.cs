using Faultline.Sync;

namespace Faultline.Locking;

/// <summary>Counts of an <see cref="MmapLock"/>'s writers, and how long every 64th of each kind held it.</summary>
/// <remarks>
/// Two time stamps (24 ns each) would treble an uncontended acquisition, so most holds take none. The count is per kind: with one
/// for all, a program that maps and unmaps in turn would have every sample fall on its maps.
/// </remarks>
internal sealed class WriteHolds
{
    private const ulong SampleEvery = 64;
    private const ulong FirstOfEach = 1;

    // Written by the holder of the write lock; read at any time by a snapshot, for which a slightly old value is good enough.
    private readonly Word64[] _writes = new Word64[LockUsers.Count];
    private readonly Word64[] _samples = new Word64[LockUsers.Count];
    private readonly Word64[] _sampledHold = new Word64[LockUsers.Count];

    // Guarded by the write lock. Zero: this hold is not measured.
    private long _heldSince;

    public void Begin(LockUser user)
    {
        if (Increase(ref _writes[(int)user], 1) % SampleEvery == FirstOfEach) _heldSince = Clock.Timestamp;
    }

    public void End(LockUser user)
    {
        if (_heldSince == 0) return;
        Increase(ref _samples[(int)user], 1);
        Increase(ref _sampledHold[(int)user], (ulong)(Clock.Timestamp - _heldSince));
        _heldSince = 0;
    }

    public void CopyTo(LockStatistics statistics)
    {
        for (int i = 0; i < LockUsers.Count; i++)
        {
            statistics.SetWrites(
                (LockUser)i,
                (long)_writes[i].LoadRelaxed(),
                (long)_samples[i].LoadRelaxed(),
                Clock.Nanoseconds(0, (long)_sampledHold[i].LoadRelaxed()));
        }
    }

    private static ulong Increase(ref Word64 counter, ulong by)
    {
        ulong value = counter.LoadRelaxed() + by;
        counter.StoreRelaxed(value);
        return value;
    }
}
