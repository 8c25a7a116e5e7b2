using Faultline.Checker;
using Faultline.Sync;

namespace Faultline.Models.Faults;

/// <summary>A page is pinned, and a fork comes in between: what is written through the pin must be in the memory afterwards, whoever writes to the page by itself.</summary>
/// <remarks>
/// <code>
///   who pins                         fork
///   pin: frame F
///                                    F becomes read-only, shared
///   write to the memory: copied to G
///   write through the pin: F, lost
/// </code>
/// </remarks>
public class PinModels
{
    private const int Schedules = 150;
    private const int SchedulesToFind = 20_000;

    [Fact]
    public void WhenAPageIsPinnedBesideAForkThenItsWritesReachTheMemory() => Checks.AssertPasses(MemoryModel.Tso, WriteBesideFork, Schedules);

    [Fact]
    public void WhenForkSharesPinnedPagesThenAWriteIsLost()
    {
        Mutants.Active = Mutant.ForkSharesPinnedPages;
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

    /// <summary>Two pins of a page that a fork has shared: one unshares it, the other meets what is left.</summary>
    [Fact]
    public void WhenASharedPageIsPinnedBesideAWriteThenThePinIsOfThePageThatStays() =>
        Checks.AssertPasses(MemoryModel.Tso, UnshareBesideWrite, Schedules);

    /// <summary>Whoever is last frees the frame, once.</summary>
    [Fact]
    public void WhenAPinEndsBesideAnUnmapThenTheFrameComesHome() => Checks.AssertPasses(MemoryModel.Tso, UnpinBesideUnmap, Schedules);

    private static void WriteBesideFork(ExploreScope scope)
    {
        const ulong One = ModelSpace.First, Other = ModelSpace.First + 64;
        AddressSpace? child = null;
        var model = new ModelSpace(scope);
        MemoryAccessor writer = model.AddAccessor();
        writer.Write(One, 1L);
        model.AtEnd(() =>
        {
            child!.Dispose();
            Assert.True(writer.Read<long>(One) == 2, "the memory's word was lost");
            Assert.True(writer.Read<long>(Other) == 3, "the pin's word was lost");
        });
        scope.Spawn(() => child = model.Space.Fork());
        scope.Spawn(() =>
        {
            using PinnedPages pinned = model.Space.PinPages(ModelSpace.First, Page.Size, PinFlags.Write);
            writer.Write(One, 2L);
            pinned.Write(BitConverter.GetBytes(3L), Other);
        });
    }

    private static void UnshareBesideWrite(ExploreScope scope)
    {
        const ulong One = ModelSpace.First, Other = ModelSpace.First + 64;
        var model = new ModelSpace(scope);
        MemoryAccessor writer = model.AddAccessor();
        writer.Write(One, 1L);
        writer.Write(Other, 1L);
        AddressSpace child = model.Space.Fork();
        PinnedPages? pinned = null;
        model.AtEnd(() =>
        {
            byte[] seen = new byte[sizeof(long)];
            pinned!.Read(One, seen);
            Assert.True(BitConverter.ToInt64(seen) == 2, "the pin is of another page");
            pinned.Dispose();
            child.Dispose();
        });
        scope.Spawn(() => pinned = model.Space.PinPages(ModelSpace.First, Page.Size));
        scope.Spawn(() => writer.Write(One, 2L));
    }

    private static void UnpinBesideUnmap(ExploreScope scope)
    {
        var model = new ModelSpace(scope);
        model.TouchNeighbour(model.Reader);
        model.Reader.Write(ModelSpace.First, 1L);
        PinnedPages pinned = model.Space.PinPages(ModelSpace.First, Page.Size, PinFlags.Write | PinFlags.LongTerm);
        scope.Spawn(model.Unmap);
        scope.Spawn(pinned.Dispose);
    }
}
