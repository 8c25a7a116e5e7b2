using Faultline.Diagnostics;
using Faultline.Faults;
using Faultline.Tests.Locking;
using Faultline.Tests.Stress;

namespace Faultline.Tests.Calls;

public class UserFaultTests
{
    private const UserFaultModes Missing = UserFaultModes.Missing, WriteProtect = UserFaultModes.WriteProtect;

    /// <summary>The area's reverse map is closed by a writer that is about to replace it, and comes with the new one.</summary>
    [Theory]
    [ClassData(typeof(Pairs))]
    public void WhenTheAreaIsAboutToBeReplacedThenACopyWaitsForTheNewOne(FaultDesign design, WriterLock writers, bool dropLock)
    {
        using var guest = new Guest(design, writerLock: writers, dropLock: dropLock);
        guest.Map(0, 4);
        Assert.Equal(Errno.None, Register(guest, 0, 4, Filling(), UserFaultModes.Missing));
        Assert.Null(guest.Space.Areas.Find(Guest.At(0))!.CloseAnonVma());
        LockThread copy = LockThread.Start(() => Assert.Equal(Errno.None, Copy(guest.Space, Guest.At(0), 7)));
        Thread.Sleep(20);
        Assert.False(copy.HasEnded);
        guest.Protect(2, 1, Protection.Read);
        copy.Join();
        Assert.Equal(7, guest.Cpu.Read<byte>(Guest.At(0)));
    }

    private static Errno Register(Guest guest, int page, int pages, UserFaultHandler handler, UserFaultModes modes) =>
        guest.Space.TryRegisterUserFault(Guest.At(page), (ulong)pages << Page.Shift, handler, modes);

    private static Errno Protect(Guest guest, int page, int pages, bool protect) =>
        guest.Space.TryUserFaultWriteProtect(Guest.At(page), (ulong)pages << Page.Shift, protect);

    private static Errno Copy(AddressSpace space, ulong address, byte value, bool writeProtect = false) =>
        space.TryUserFaultCopy(Page.Floor(address), [.. Enumerable.Repeat(value, Page.Size)], writeProtect, out _);

    /// <summary>Fills each missing page with its number.</summary>
    private static TestHandler Filling() => new(fault =>
    {
        Assert.Contains(Copy(fault.Space, fault.Address, (byte)(fault.Address >> Page.Shift)), new[] { Errno.None, Errno.EEXIST });
        return true;
    });

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenPagesAreMissingThenTheHandlerProvidesThemBeforeTheAccessGoesOn(FaultDesign design)
    {
        using var guest = new Guest(design);
        TestHandler handler = Filling();
        guest.Map(0, 8);
        guest.Touch(0, 1);
        Assert.Equal(Errno.None, Register(guest, 0, 6, handler, Missing));
        Assert.Equal(Guest.WordOf(0), guest.Cpu.Read<ulong>(Guest.At(0)));
        Assert.Equal(1, guest.Cpu.Read<byte>(Guest.At(1) + 100));
        guest.Cpu.Write(Guest.At(2), (byte)77);
        Assert.Equal((77, 2), (guest.Cpu.Read<byte>(Guest.At(2)), guest.Cpu.Read<byte>(Guest.At(2) + 1)));
        Assert.Equal(0, guest.Cpu.Read<byte>(Guest.At(6)));
        guest.Space.MemoryLock(Guest.At(3), Page.Size);
        Assert.Equal([(1, AccessKind.Read, Missing), (2, AccessKind.Write, Missing), (3, AccessKind.Write, Missing)], handler.Asked);
        Assert.Equal((2, design == FaultDesign.Classic ? 0 : 2), (guest[FaultEvent.UserFault], guest[SpeculationAbort.UserFault]));
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenPagesAreFilledWithZeroesThenTheyShareTheZeroFrameUntilWritten(FaultDesign design)
    {
        using var guest = new Guest(design);
        var handler = new TestHandler(fault => fault.Space.TryUserFaultZero(Page.Floor(fault.Address), Page.Size, out ulong filled) == Errno.None && filled == Page.Size);
        guest.Map(0, 2);
        Register(guest, 0, 2, handler, Missing);
        Assert.Equal(0, guest.Cpu.Read<int>(Guest.At(0)));
        guest.Touch(1, 1);
        Assert.Equal((PhysicalMemoryZero, Guest.WordOf(1)), (guest.FrameOf(0), guest.Cpu.Read<ulong>(Guest.At(1))));
        Assert.Equal(2, handler.Asked.Count());
    }

    private const uint PhysicalMemoryZero = Faultline.Physical.PhysicalMemory.ZeroFrame;

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenTheHandlerRefusesThenTheAccessGetsASignalAndWhatItThrowsGoesToTheAccess(FaultDesign design)
    {
        using var guest = new Guest(design);
        bool throws = false;
        var handler = new TestHandler(_ => throws ? throw new TimeoutException("no page today") : false);
        guest.Map(0, 2);
        Register(guest, 0, 2, handler, Missing);
        Assert.Equal(FaultSignal.BusError, Guest.SignalOf(() => guest.Cpu.Read<int>(Guest.At(0))));
        throws = true;
        Assert.Throws<TimeoutException>(() => guest.Touch(0, 1));
        using (MemoryAccessor.Session session = guest.Cpu.OpenSession())
        {
            try
            {
                session.Renew(Guest.At(0), AccessKind.Write);
                Assert.Fail("The handler's exception was lost.");
            }
            catch (TimeoutException)
            {
            }
        }

        // Neither a lock nor a section stayed behind.
        Assert.Equal(Errno.None, guest.Space.TryUnregisterUserFault(Guest.At(0), 2 * Page.Size));
        guest.Touch(0, 2);
    }

    /// <summary>While the handler works others may do anything: map, fault, even remove the page that is asked for.</summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenTheHandlerWorksThenNothingIsHeld(FaultDesign design)
    {
        using var guest = new Guest(design);
        var handler = new TestHandler(fault =>
        {
            guest.Map(10, 1);
            using MemoryAccessor cpu = fault.Space.CreateAccessor();
            cpu.Write(Guest.At(10), 1);
            guest.Unmap(0, 1);
            return true;
        });
        guest.Map(0, 1);
        Register(guest, 0, 1, handler, Missing);
        Assert.Equal(FaultSignal.NotMapped, Guest.SignalOf(() => guest.Cpu.Read<int>(Guest.At(0))));
        Assert.Single(handler.Asked);
    }

    /// <summary>Race 23: v12 looks at the registration before the lock only, and maps a page that the handler never hears of.</summary>
    [Fact]
    public void WhenTheRangeIsRegisteredBetweenTheLookAndTheTableLockThenTheFaultStartsAgain()
    {
        using var guest = new Guest();
        guest.Map(0, 2);
        guest.Touch(1, 1);
        guest.Cpu.EnterSection();
        var fault = new FaultContext(guest.Space, guest.Cpu, Guest.At(0), AccessKind.Read);
        Assert.Equal(FaultStep.Continue, AreaSequenceDesign.Find(ref fault));
        fault.Walk = guest.Space.PageTable.Walk(Guest.At(0));
        Register(guest, 0, 1, Filling(), Missing);
        Assert.Equal(FaultStep.Restart, AnonymousFault<AreaSequenceDesign>.Handle(ref fault));
        Assert.Equal(SpeculationAbort.AreaChangedUnderLock, fault.Reason);
        fault.Walk = default;
        Assert.Equal(FaultStep.Abort, FaultPipeline<AreaSequenceDesign>.Run(ref fault));
        Assert.Equal(SpeculationAbort.UserFault, fault.Reason);
        guest.Cpu.LeaveSection();
    }

    /// <summary>Race 24: the mark is part of the entry, which is compared under the lock.</summary>
    [Fact]
    public void WhenThePageIsProtectedBetweenTheLookAndTheTableLockThenTheFaultStartsAgain()
    {
        using var guest = new Guest();
        guest.Map(0, 1);
        guest.Touch(0, 1);
        Register(guest, 0, 1, new TestHandler(_ => false), WriteProtect);
        Protect(guest, 0, 1, true);
        Protect(guest, 0, 1, false);
        guest.Cpu.EnterSection();
        var fault = new FaultContext(guest.Space, guest.Cpu, Guest.At(0), AccessKind.Write);
        Assert.Equal(FaultStep.Continue, AreaSequenceDesign.Find(ref fault));
        fault.Walk = guest.Space.PageTable.Walk(Guest.At(0));
        Assert.False(fault.Walk.Value.IsWritable);
        guest.Cpu.LeaveSection();
        Protect(guest, 0, 1, true);
        guest.Cpu.EnterSection();
        Assert.Equal(FaultStep.Restart, CopyOnWriteFault<AreaSequenceDesign>.Handle(ref fault));
        Assert.Equal(SpeculationAbort.EntryChanged, fault.Reason);
        guest.Cpu.LeaveSection();
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenPagesAreWriteProtectedThenWritesAskAndReadsDoNot(FaultDesign design)
    {
        using var guest = new Guest(design);
        var handler = new TestHandler(fault => Protect(guest, (int)((fault.Address - Guest.Base) >> Page.Shift), 1, false) == Errno.None);
        guest.Map(510, 4);
        guest.Touch(510, 3);
        Assert.Equal(Errno.None, Register(guest, 510, 4, handler, WriteProtect));
        Assert.Equal(Errno.None, Protect(guest, 510, 4, true));
        for (int page = 510; page < 513; page++) Assert.Equal(Guest.WordOf(page), guest.Cpu.Read<ulong>(Guest.At(page)));
        Assert.Empty(handler.Asked);

        // Not even a change of rights makes the page writable again; a page that was not there is not protected.
        guest.Protect(510, 4, Protection.Read);
        guest.Protect(510, 4, Protection.ReadWrite);
        guest.Touch(511, 3);
        Assert.Equal([(511, AccessKind.Write, WriteProtect), (512, AccessKind.Write, WriteProtect)], handler.Asked);
        Assert.Equal(Errno.None, guest.Space.TryUnregisterUserFault(Guest.At(510), 4 * Page.Size));
        guest.Touch(510, 1);
        Assert.Equal(2, handler.Asked.Count());

        // A mark that was left behind means nothing to the next registration.
        Assert.Equal(Errno.None, Register(guest, 510, 4, handler, WriteProtect));
        guest.Touch(510, 4);
        Assert.Equal(2, handler.Asked.Count());
    }

    [Fact]
    public void WhenPagesAreCopiedInProtectedThenTheFirstWriteAsks()
    {
        using var guest = new Guest();
        var handler = new TestHandler(fault => fault.Reason == Missing
            ? Copy(fault.Space, fault.Address, 5, writeProtect: true) == Errno.None
            : fault.Space.TryUserFaultWriteProtect(Page.Floor(fault.Address), Page.Size, protect: false) == Errno.None);
        guest.Map(0, 1);
        Register(guest, 0, 1, handler, Missing | WriteProtect);
        guest.Cpu.Write(Guest.At(0), (byte)1);
        Assert.Equal([(0, AccessKind.Write, Missing), (0, AccessKind.Write, WriteProtect)], handler.Asked);
        Assert.Equal((1, 5), (guest.Cpu.Read<byte>(Guest.At(0)), guest.Cpu.Read<byte>(Guest.At(0) + 1)));
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenTheMappingIsForkedOrMovedThenTheCopyAsksNobody(FaultDesign design)
    {
        using var guest = new Guest(design);
        var handler = new TestHandler(_ => false);
        guest.Map(0, 3);
        guest.Touch(0, 1);
        Register(guest, 0, 3, handler, Missing | WriteProtect);
        Protect(guest, 0, 1, true);
        MemoryAccessor cpu = guest.NewCpu(guest.Fork());
        cpu.Write(Guest.At(0), 1UL);
        Assert.Equal(0UL, cpu.Read<ulong>(Guest.At(1)));
        Assert.Equal(FaultSignal.BusError, Guest.SignalOf(() => guest.Touch(0, 1)));
        guest.Space.Remap(Guest.At(0), 2 * Page.Size, 2 * Page.Size, RemapFlags.MayMove | RemapFlags.Fixed, Guest.At(100));
        guest.Touch(100, 2);
        Assert.Equal(FaultSignal.BusError, Guest.SignalOf(() => guest.Touch(2, 1)));
        Assert.Equal(2, handler.Asked.Count());
    }

    [Fact]
    public void WhenAreasHaveHandlersThenTheyMergeOnlyWithTheSameAndSmapsTellsTheModes()
    {
        using var guest = new Guest();
        TestHandler first = Filling(), second = Filling();
        guest.Map(0, 4);
        Register(guest, 0, 1, first, Missing);
        Register(guest, 1, 1, first, Missing);
        Assert.Equal(2, guest.Space.Areas.Count);
        Register(guest, 2, 1, second, Missing);
        Register(guest, 3, 1, second, WriteProtect);
        Assert.Equal(3, guest.Space.Areas.Count);
        Assert.Contains("mw me um", guest.Space.Smaps(), StringComparison.Ordinal);
        Assert.Contains("mw me uw", guest.Space.Smaps(), StringComparison.Ordinal);
        Assert.Equal(Errno.None, Register(guest, 0, 1, first, Missing));
        Assert.Equal(3, guest.Space.Areas.Count);
        Assert.Equal(Errno.EBUSY, Register(guest, 0, 4, second, Missing));
        Assert.Equal(Errno.None, guest.Space.TryUnregisterUserFault(Guest.At(0), 4 * Page.Size));
        Assert.Equal(1, guest.Space.Areas.Count);
    }

    [Fact]
    public void WhenARequestDoesNotFitThenItIsRefused()
    {
        using var guest = new Guest();
        TestHandler handler = Filling();
        guest.Map(0, 2);
        guest.Map(4, 1, Protection.ReadWrite, Guest.Shared);
        Assert.Equal(Errno.EINVAL, Register(guest, 0, 0, handler, Missing));
        Assert.Equal(Errno.EINVAL, Register(guest, 0, 1, handler, UserFaultModes.None));
        Assert.Equal(Errno.EINVAL, Register(guest, 0, 1, handler, (UserFaultModes)8));
        Assert.Equal(Errno.EINVAL, Register(guest, 2, 2, handler, Missing));
        Assert.Equal(Errno.EINVAL, Register(guest, 0, 5, handler, Missing));
        Assert.Equal(Errno.EINVAL, guest.Space.TryRegisterUserFault(Guest.At(0) + 1, Page.Size, handler, Missing));
        Assert.Equal(Errno.ENOENT, Copy(guest.Space, Guest.At(0), 1));
        Assert.Equal(Errno.ENOENT, Protect(guest, 0, 1, true));
        Register(guest, 0, 1, handler, Missing);
        Assert.Equal(Errno.ENOENT, Protect(guest, 0, 1, true));
        Assert.Equal(Errno.EINVAL, Copy(guest.Space, Guest.At(0), 1, writeProtect: true));
        Assert.Equal(Errno.EINVAL, guest.Space.TryUserFaultCopy(Guest.At(0), new byte[5], false, out _));
        Assert.Equal(Errno.None, Copy(guest.Space, Guest.At(0), 1));
        Assert.Equal(Errno.EEXIST, Copy(guest.Space, Guest.At(0), 2));
        Assert.Equal(Errno.EEXIST, guest.Space.TryUserFaultZero(Guest.At(0), Page.Size, out _));

        // Beyond the registered page: what came before has arrived.
        guest.Advise(0, 1, Advice.DontNeed);
        Assert.Equal(Errno.ENOENT, guest.Space.TryUserFaultCopy(Guest.At(0), new byte[2 * Page.Size], false, out ulong copied));
        Assert.Equal((ulong)Page.Size, copied);
    }

    /// <summary>A zero would be a page that came without the handler.</summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenPagesAreDroppedMovedAndForkedBesideFaultsThenNoneComesWithoutTheHandler(FaultDesign design)
    {
        const int Pages = 16;
        int seed = Seed.Announce();
        using var guest = new Guest(design);
        TestHandler handler = Filling();
        guest.Map(0, Pages);
        Register(guest, 0, Pages, handler, Missing);
        var crew = new Crew();
        for (int i = 0; i < 2; i++)
        {
            MemoryAccessor cpu = guest.NewCpu();
            Random random = Seed.ForThread(seed, i);
            crew.StartLoop(_ =>
            {
                int page = random.Next(Pages);
                if (random.Next(2) == 0) cpu.Write(Guest.At(page) + 8, 1);
                byte found = cpu.Read<byte>(Guest.At(page));
                Assert.True(found == (byte)(Guest.At(page) >> Page.Shift), $"Page {page} holds {found}.");
            });
        }

        Random calls = Seed.ForThread(seed, 9);
        crew.StartLoop(_ =>
        {
            int page = calls.Next(Pages - 3);
            guest.Advise(page, 3, Advice.DontNeed);
            if (calls.Next(4) == 0) guest.Space.Fork().Dispose();

            // Taking a part out of the registration and back in changes nothing for pages that are there.
            Register(guest, page, 2, handler, Missing | WriteProtect);
            Register(guest, page, 2, handler, Missing);
        });
        crew.RunFor(StressTime.OfOneTest);
        Assert.NotEmpty(handler.Asked);
    }

    /// <summary>A snapshot by write protection: what the handler saves of a page is what it held when the protection was complete.</summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenASnapshotIsTakenBesideWritesThenNoLaterWriteIsInIt(FaultDesign design)
    {
        const int Pages = 8;
        using var guest = new Guest(design);
        MemoryAccessor writer = guest.NewCpu();
        long[] written = new long[Pages], saved = new long[Pages];
        long begun = 0;
        var handler = new TestHandler(fault =>
        {
            int page = (int)((fault.Address - Guest.Base) >> Page.Shift);

            // By the writer itself, whose only page this is until it is lifted.
            long held = writer.Read<long>(Guest.At(page));
            Errno error = Protect(guest, page, 1, false);
            Volatile.Write(ref saved[page], held);
            return error == Errno.None;
        });
        guest.Map(0, Pages);
        guest.Touch(0, Pages);
        for (int page = 0; page < Pages; page++) guest.Cpu.Write(Guest.At(page), 0L);
        Register(guest, 0, Pages, handler, WriteProtect);
        var crew = new Crew();
        crew.StartLoop(round =>
        {
            int page = round * 5 % Pages;
            Volatile.Write(ref begun, round);
            writer.Write(Guest.At(page), (long)round);
            Volatile.Write(ref written[page], round);
        });
        crew.StartLoop(_ =>
        {
            long[] least = [.. Enumerable.Range(0, Pages).Select(page => Volatile.Read(ref written[page]))];
            for (int page = 0; page < Pages; page++) Volatile.Write(ref saved[page], -1);
            Assert.Equal(Errno.None, Protect(guest, 0, Pages, true));
            long most = Volatile.Read(ref begun);
            for (int page = 0; page < Pages; page++)
            {
                SpinWait.SpinUntil(() => Volatile.Read(ref saved[page]) >= 0 || crew.IsStopped, TimeSpan.FromSeconds(20));
                long found = Volatile.Read(ref saved[page]);
                if (found >= 0) Assert.InRange(found, least[page], most);
            }
        });
        crew.RunFor(StressTime.OfOneTest);
        Assert.NotEmpty(handler.Asked);
    }
}
