using Faultline.Checker;
using Faultline.Files;
using Faultline.Sync;

namespace Faultline.Models.Faults;

/// <summary>Faults on the pages of files, against what takes pages out of the cache.</summary>
public class FileFaultModels
{
    private const int Schedules = 1_000;

    [Fact]
    public void WhenAPageCannotBeReadThenNobodyMapsWhatItsFrameHoldsNext() =>
        Checks.AssertPasses(MemoryModel.Tso, ReadAgainstFailedRead, Schedules);

    [Fact]
    public void WhenALookUpMissesARemovalThenAnotherFilesPageIsMapped() =>
        Checks.WithMutant(Mutant.LookUpAcrossRemovals, () => Checks.AssertFound(MemoryModel.Tso, Schedules, ReadAgainstFailedRead));

    /// <summary>
    /// <code>
    ///   fault on page 0 of the bad file, table lock      another thread
    ///                                                    page 0 of the bad file: in frame F, being read
    ///   in the cache: F
    ///                                                    cannot be read: out of the cache; F is free
    ///                                                    reads a page of the good file into F: up to date
    ///   F is up to date: maps the good file's page
    /// </code>
    /// </summary>
    private static void ReadAgainstFailedRead(ExploreScope scope)
    {
        const byte Contents = 7;
        var model = new ModelSpace(scope);
        MemoryAccessor accessor = model.AddAccessor();
        WordCell inserted = new(0);
        model.TouchNeighbour(accessor);
        VmFile bad = model.MapFile(ModelSpace.First, page =>
        {
            inserted.Store(1);
            default(Backoff).Wait();
            throw new IOException();
        });
        VmFile good = model.MapFile(ModelSpace.Target, page => page.Fill(Contents));
        scope.Spawn(() =>
        {
            var backoff = new Backoff();
            while (inserted.Load() == 0) backoff.Wait();
            Assert.Equal(FaultSignal.BusError, Assert.Throws<MemoryFaultException>(() => accessor.Read<byte>(ModelSpace.First)).Signal);
        });
        scope.Spawn(() =>
        {
            Assert.Equal(FileResult.ReadFailed, bad.Cache.GetOrRead(0, out _));
            Assert.Equal(FileResult.Ok, good.Cache.GetOrRead(0, out uint frame));
            model.Space.Memory.Release(frame);
        });
    }
}
