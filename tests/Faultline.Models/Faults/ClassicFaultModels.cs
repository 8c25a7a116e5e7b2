using Faultline.Checker;
using Faultline.Sync;

namespace Faultline.Models.Faults;

/// <summary>Faults that hold <c>mmap_lock</c> for read against an unmap that gives it up for write half-way, and stacks that grow.</summary>
public class ClassicFaultModels
{
    private const int Schedules = 600;
    private const int SchedulesToFind = 10_000;
    private const ulong Stack = ModelSpace.Target;

    [Fact]
    public void WhenAnUnmapAdmitsReadersWhileItFreesPagesThenNoFaultMapsOneAgain() =>
        Checks.AssertPasses(MemoryModel.Tso, WriteAgainstUnmap, Schedules);

    /// <summary>
    /// <code>
    ///   unmap                                  classic fault
    ///   downgrade
    ///                                          read lock; find area, install a page
    ///   take the area out of the tree; zap     (or the page comes after the zap: mapped in a hole)
    /// </code>
    /// </summary>
    [Fact]
    public void WhenAnUnmapAdmitsReadersTooEarlyThenAPageStaysInTheHole() =>
        Checks.WithMutant(Mutant.DowngradeBeforeRemoval, () => Checks.AssertFound(MemoryModel.Tso, SchedulesToFind, WriteAgainstUnmap));

    /// <summary>Race 36: both replace the area from which both their faults started.</summary>
    [Fact]
    public void WhenTwoThreadsGrowAStackThenBothPagesAreThere() =>
        Checks.AssertPasses(MemoryModel.Tso, TwoThreadsGrowAStack, Schedules);

    /// <summary>Both take what was there out of the tree and put an area of their own in.</summary>
    [Fact]
    public void WhenStacksGrowBesideOneAnotherThenTheAreasAreTorn() =>
        Checks.WithMutant(Mutant.GrowStackUnderReadLock, () => Checks.AssertFound(MemoryModel.Tso, SchedulesToFind, TwoThreadsGrowAStack));

    [Fact]
    public void WhenAStackGrowsWhileItsFirstPageIsWrittenThenBothPagesAreThere() =>
        Checks.AssertPasses(MemoryModel.Tso, WriteAgainstGrowth, Schedules);

    [Fact]
    public void WhenTheStackIsUnmappedWhileItGrowsThenNothingStays() =>
        Checks.AssertPasses(MemoryModel.Tso, UnmapAgainstGrowth, Schedules);

    private static void WriteAgainstUnmap(ExploreScope scope)
    {
        var model = new ModelSpace(scope, FaultDesign.Classic);
        MemoryAccessor writer = model.AddAccessor();
        model.TouchNeighbour(writer);
        scope.Spawn(() => ModelSpace.TryTo(() => writer.Write(ModelSpace.First, 2L)));
        scope.Spawn(model.Unmap);
    }

    private static void TwoThreadsGrowAStack(ExploreScope scope)
    {
        var model = WithStack(scope);
        model.AtEnd(() =>
        {
            Assert.Equal(1, model.Reader.Read<long>(Stack - Page.Size));
            Assert.Equal(2, model.Reader.Read<long>(Stack - (2 * Page.Size)));
        });
        MemoryAccessor one = model.AddAccessor(), other = model.AddAccessor();
        scope.Spawn(() => one.Write(Stack - Page.Size, 1L));
        scope.Spawn(() => other.Write(Stack - (2 * Page.Size), 2L));
    }

    private static void WriteAgainstGrowth(ExploreScope scope)
    {
        var model = WithStack(scope);
        model.AtEnd(() =>
        {
            Assert.Equal(1, model.Reader.Read<long>(Stack));
            Assert.Equal(2, model.Reader.Read<long>(Stack - Page.Size));
        });
        MemoryAccessor one = model.AddAccessor(), other = model.AddAccessor();
        scope.Spawn(() => one.Write(Stack, 1L));
        scope.Spawn(() => other.Write(Stack - Page.Size, 2L));
    }

    private static void UnmapAgainstGrowth(ExploreScope scope)
    {
        var model = WithStack(scope);
        MemoryAccessor writer = model.AddAccessor();
        scope.Spawn(() => ModelSpace.TryTo(() => writer.Write(Stack - Page.Size, 2L)));
        scope.Spawn(() => model.Space.Unmap(Stack, Page.Size));
    }

    private static ModelSpace WithStack(ExploreScope scope)
    {
        var model = new ModelSpace(scope);
        model.Space.Map(Stack, Page.Size, Protection.ReadWrite, MapFlags.Private | MapFlags.Fixed | MapFlags.GrowsDown);
        return model;
    }
}
