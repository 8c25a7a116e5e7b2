using Faultline.Faults;
using Faultline.Tests.Stress;
using static Faultline.Tests.Calls.UserFaultCalls;

namespace Faultline.Tests.Calls;

/// <summary>Pages whose first write a handler is told of.</summary>
public class UserFaultWriteProtectTests
{
    private const UserFaultModes Missing = UserFaultModes.Missing, WriteProtect = UserFaultModes.WriteProtect;

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
