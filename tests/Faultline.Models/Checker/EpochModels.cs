using Faultline.Checker;
using Faultline.Sync;

namespace Faultline.Models.Checker;

/// <summary>
/// The control of the checker: a bug that was fixed in a real epoch scheme (microsoft/garnet#2015) and that no
/// sequentially consistent explorer can see. A reader claims its slot atomically but announces its epoch by a plain store,
/// which waits in the store buffer while the reader already follows the page.
/// </summary>
/// <remarks>
/// <code>
/// reader                               reclaimer
/// claim the slot (atomic)
/// epoch = current (in its buffer)
///                                      unlink the page, current++
/// page = the published one (older!)
///                                      scan the slots: epoch is still 0, nobody reads
///                                      free the page
/// read the page: freed
/// </code>
/// The reader here loads the page before the reclaimer unlinks it, or it would find nothing.
/// </remarks>
public class EpochModels
{
    private const ulong Idle = 0, Alive = 1, Freed = 2;

    private sealed class Epochs
    {
        public Word64 Current = new(1);
        public Word64 Claimed;
        public Word64 Announced;
        public Word64 Published = new(Alive);
        public Word64 Page = new(Alive);
    }

    [Fact]
    public void WhenTheEpochIsAnnouncedByAPlainStoreThenTsoReadsAFreedPage()
    {
        var finding = Checks.AssertFails(
            MemoryModel.Tso, FindingKind.Exception, scope => ReadAgainstReclaim(scope, announceAtomically: false));
        Assert.Equal(0, finding.Thread);
    }

    [Fact]
    public void WhenTheEpochIsAnnouncedByAPlainStoreThenSequentialConsistencyCannotSeeIt() =>
        Checks.AssertPasses(
            MemoryModel.SequentiallyConsistent, scope => ReadAgainstReclaim(scope, announceAtomically: false));

    [Fact]
    public void WhenTheEpochIsAnnouncedByTheAtomicClaimThenTsoIsSafe() =>
        Checks.AssertPasses(MemoryModel.Tso, scope => ReadAgainstReclaim(scope, announceAtomically: true));

    private static void ReadAgainstReclaim(ExploreScope scope, bool announceAtomically)
    {
        var epochs = new Epochs();
        scope.Spawn(() =>
        {
            epochs.Claimed.CompareExchange(1, 0);
            ulong epoch = epochs.Current.LoadAcquire();
            if (announceAtomically) epochs.Announced.Exchange(epoch);
            else epochs.Announced.StoreRelease(epoch);

            if (epochs.Published.LoadAcquire() == Alive) Assert.NotEqual(Freed, epochs.Page.LoadAcquire());
            epochs.Announced.StoreRelease(Idle);
        });
        scope.Spawn(() =>
        {
            epochs.Published.Exchange(Freed);
            ulong safe = epochs.Current.Add(1);
            ulong announced = epochs.Announced.LoadAcquire();
            if (announced == Idle || announced >= safe) epochs.Page.StoreRelease(Freed);
        });
    }
}
