using Faultline.Checker;
using Faultline.Sync;

namespace Faultline.Models.Faults;

/// <summary>
/// Race 21 of the catalogue: what v12's patch 18 repaired and Linux 6.4 had to learn again. Two threads write different words of a page while a third forks:
/// no word may get lost.
/// </summary>
/// <remarks>
/// <code>
///   fork                              thread 2                       thread 3
///   write-protect the page
///                                     fault: copies it
///                                                                    writes the old frame by a stale translation
///                                     installs the copy: the word is lost
///   flush
/// </code>
/// </remarks>
public class ForkAgainstWritesModels
{
    private const int Schedules = 600;
    private const int SchedulesToFind = 20_000;

    [Fact]
    public void WhenThreadsWriteOnePageWhileItIsForkedThenNoWordIsLost() =>
        Checks.AssertPasses(MemoryModel.Tso, WriteBesideFork, Schedules);

    [Fact]
    public void WhenForkLeavesTheAreasEvenThenAWordIsLost()
    {
        Mutants.Active = Mutant.ForkKeepsAreasEven;
        try
        {
            var finding = Checks.AssertFails(MemoryModel.Tso, FindingKind.FailedCheck, WriteBesideFork, SchedulesToFind);
            Assert.Contains("was lost", finding.Message, StringComparison.Ordinal);
        }
        finally
        {
            Mutants.Active = Mutant.None;
        }
    }

    private static void WriteBesideFork(ExploreScope scope)
    {
        const ulong One = ModelSpace.First, Other = ModelSpace.First + 64;
        AddressSpace? child = null;
        ModelSpace? model = null;
        MemoryAccessor? reader = null;
        scope.AtEnd(() =>
        {
            child!.Dispose();
            Assert.True(reader!.Read<long>(One) == 2, "the faulting thread's word was lost");
            Assert.True(reader.Read<long>(Other) == 3, "the other thread's word was lost");
            model!.Unmap();
        });
        model = new ModelSpace(scope);
        MemoryAccessor withoutTranslation = model.AddAccessor(), withTranslation = model.AddAccessor();
        withTranslation.Write(One, 1L);
        reader = withTranslation;
        scope.Spawn(() => child = model.Space.Fork());
        scope.Spawn(() => withoutTranslation.Write(One, 2L));
        scope.Spawn(() => withTranslation.Write(Other, 3L));
    }
}
