using Faultline.Tests.Locking;
using static Faultline.Tests.Calls.UserFaultCalls;

namespace Faultline.Tests.Calls;

/// <summary>Areas with a handler: what is refused, what merges, and where the registration goes.</summary>
public class UserFaultRegistrationTests
{
    private const UserFaultModes Missing = UserFaultModes.Missing, WriteProtect = UserFaultModes.WriteProtect;

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
}
