using Faultline.Diagnostics;
using Faultline.Faults;
using Faultline.Physical;
using Faultline.Tests.Stress;
using static Faultline.Tests.Calls.UserFaultCalls;

namespace Faultline.Tests.Calls;

/// <summary>Pages that a handler provides.</summary>
public class UserFaultTests
{
    private const UserFaultModes Missing = UserFaultModes.Missing, WriteProtect = UserFaultModes.WriteProtect;

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
        Assert.Equal((PhysicalMemory.ZeroFrame, Guest.WordOf(1)), (guest.FrameOf(0), guest.Cpu.Read<ulong>(Guest.At(1))));
        Assert.Equal(2, handler.Asked.Count());
    }

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
}
