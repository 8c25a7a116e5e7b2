using System.Runtime.InteropServices;
using Faultline.Checker;
using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Models.Physical;

/// <summary>
/// The engine's own magazine: its owner takes frames inside sections while another thread runs out of memory and seizes them. No frame may
/// have two holders.
/// </summary>
/// <remarks>
/// <code>
/// owner                                seizer
/// section = odd (in its buffer)
///                                      claim = 1
///                                      section is even: outside
/// claim is still 0
/// take the top frame
///                                      move all frames to the pool, take one: the same
/// </code>
/// </remarks>
public class FrameMagazineModels
{
    private const int Frames = 2;

    private const int MaxSchedules = 3_000;

    [Fact]
    public void WhenTheSectionIsEnteredByAnExchangeThenTsoFramesHaveOneHolder() =>
        Checks.AssertPasses(MemoryModel.Tso, scope => TakeAgainstSeize(scope, enterAtomically: true), MaxSchedules);

    [Fact]
    public void WhenTheSectionIsEnteredByAPlainStoreThenTsoFindsAFrameWithTwoHolders() =>
        Checks.AssertFails(
            MemoryModel.Tso, FindingKind.Exception, scope => TakeAgainstSeize(scope, enterAtomically: false), MaxSchedules);

    [Fact]
    public void WhenTheSectionIsEnteredByAPlainStoreThenSequentialConsistencyCannotSeeIt() =>
        Checks.AssertPasses(
            MemoryModel.SequentiallyConsistent, scope => TakeAgainstSeize(scope, enterAtomically: false), MaxSchedules);

    [Fact]
    public void WhenTheOwnerPutsAndRefillsWhileItsFramesAreSeizedThenAllComeHome() =>
        Checks.AssertPasses(MemoryModel.Tso, PutAndRefillAgainstSeize, MaxSchedules);

    private static void TakeAgainstSeize(ExploreScope scope, bool enterAtomically)
    {
        var owner = new Owner(scope, enterAtomically);
        owner.FillMagazine();
        scope.Spawn(() =>
        {
            for (int round = 0; round < 2; round++)
            {
                owner.Enter();
                uint pfn = owner.Magazine.TryTake();
                if (pfn != PhysicalMemory.NoFrame) owner.Hold(pfn);
                owner.Leave();
            }
        });
        scope.Spawn(() =>
        {
            uint pfn = owner.Memory.Frames.TryAllocate();
            if (pfn != PhysicalMemory.NoFrame) owner.Hold(pfn);
        });
    }

    private static void PutAndRefillAgainstSeize(ExploreScope scope)
    {
        var owner = new Owner(scope, enterAtomically: true);
        owner.FillMagazine();
        scope.Spawn(() =>
        {
            uint pfn = owner.Magazine.TakeOutside();
            if (pfn == PhysicalMemory.NoFrame) return;
            owner.Hold(pfn);
            owner.Drop(pfn);
            owner.Enter();
            bool put = owner.Magazine.TryPut(pfn);
            owner.Leave();
            if (!put) owner.Memory.Frames.Free(pfn);
        });
        scope.Spawn(() =>
        {
            for (int round = 0; round < 2; round++)
            {
                uint pfn = owner.Memory.Frames.TryAllocate();
                if (pfn == PhysicalMemory.NoFrame) return;
                owner.Hold(pfn);
                owner.Drop(pfn);
                owner.Memory.Frames.Free(pfn);
            }
        });
        scope.AtEnd(() => Assert.Equal(Frames, owner.Memory.FreeFrames));
    }

    /// <summary>An accessor's section word and magazine over an arena of two frames, which note who holds them.</summary>
    private sealed unsafe class Owner
    {
        private readonly ulong* _section;
        private readonly bool _enterAtomically;

        public Owner(ExploreScope scope, bool enterAtomically)
        {
            _enterAtomically = enterAtomically;
            _section = (ulong*)NativeMemory.AllocZeroed(sizeof(ulong));
            Memory = new PhysicalMemory(new PhysicalMemoryOptions { CapacityInFrames = Frames, PoisonFreedFrames = false });
            Magazine = new FrameMagazine(Memory, _section);
            scope.Cleanup(() =>
            {
                Magazine.Dispose();
                Memory.Dispose();
                NativeMemory.Free(_section);
            });
        }

        public PhysicalMemory Memory { get; }

        public FrameMagazine Magazine { get; }

        /// <summary>Moves all of the arena's frames into the magazine; a refill takes only a share of the last ones.</summary>
        public void FillMagazine()
        {
            while (Magazine.Count < Frames) Assert.True(Magazine.Refill(Frames));
        }

        public void Enter()
        {
            ulong inside = Native.LoadRelaxed(ref *_section) + 1;
            if (_enterAtomically) Native.Exchange(ref *_section, inside);
            else Native.StoreRelease(ref *_section, inside);
        }

        public void Leave() => Native.StoreRelease(ref *_section, Native.LoadRelaxed(ref *_section) + 1);

        public void Hold(uint pfn) => Assert.Equal(0UL, Native.Exchange(ref *(ulong*)Memory.Address(pfn), 1));

        public void Drop(uint pfn) => Assert.Equal(1UL, Native.Exchange(ref *(ulong*)Memory.Address(pfn), 0));
    }
}
