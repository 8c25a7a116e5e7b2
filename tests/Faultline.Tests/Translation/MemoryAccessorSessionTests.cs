using Faultline.Sync;

namespace Faultline.Tests.Translation;

public class MemoryAccessorSessionTests
{
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenATranslationIsMissingThenTheSessionSaysSoAndRenewalBringsIt(FaultDesign design)
    {
        using var guest = new Guest(design);
        guest.Map(0, 2);
        using MemoryAccessor.Session session = guest.Cpu.OpenSession();
        Assert.False(session.TryRead(Guest.At(0), out long _));
        session.Renew(Guest.At(0), AccessKind.Read);
        Assert.True(session.TryRead(Guest.At(0), out long value));
        Assert.Equal(0L, value);

        // The zero page may be read, not written.
        Assert.False(session.TryWrite(Guest.At(0), 1L));
        session.Renew(Guest.At(0), AccessKind.Write);
        Assert.True(session.TryWrite(Guest.At(0), 1L));
        Assert.True(session.TryRead(Guest.At(0), out value));
        Assert.Equal(1L, value);
    }

    [Fact]
    public void WhenAnAccessIsMisalignedOrCrossesAPageThenTheSessionDoesNotDoIt()
    {
        using var guest = new Guest();
        guest.Map(0, 2);
        guest.Touch(0, 2);
        using MemoryAccessor.Session session = guest.Cpu.OpenSession();
        Assert.False(session.TryRead(Guest.At(0) + 1, out long _));
        Assert.False(session.TryWrite(Guest.At(1) - 2, -1));
        Assert.False(session.TryWrite(Guest.At(0), default(Bytes5000)));
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenARenewalIsASignalThenTheSessionStaysOpenAndUsable(FaultDesign design)
    {
        using var guest = new Guest(design);
        guest.Map(0, 1);
        guest.Map(2, 1, Protection.Read);
        guest.Touch(0, 1);
        using (MemoryAccessor.Session session = guest.Cpu.OpenSession())
        {
            Assert.Equal(FaultSignal.NotMapped, RenewalSignal(session, Guest.At(1), AccessKind.Read));
            Assert.Equal(FaultSignal.NotPermitted, RenewalSignal(session, Guest.At(2), AccessKind.Write));
            Assert.True(guest.Cpu.IsInSection);
            Assert.Equal(1, Threads.OpenSessions);
            Assert.True(session.TryRead(Guest.At(0), out ulong value));
            Assert.Equal(Guest.WordOf(0), value);
        }

        Assert.False(guest.Cpu.IsInSection);
        Assert.Equal(0, Threads.OpenSessions);
    }

    private static FaultSignal RenewalSignal(MemoryAccessor.Session session, ulong address, AccessKind kind)
    {
        try
        {
            session.Renew(address, kind);
            return FaultSignal.None;
        }
        catch (MemoryFaultException exception)
        {
            return exception.Signal;
        }
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenSomebodyWaitsThenTheSessionLearnsItAndRenewalLetsHimGoAhead(FaultDesign design)
    {
        using var guest = new Guest(design);
        guest.Map(0, 2);
        guest.Touch(0, 2);
        var crew = new Crew();
        using (MemoryAccessor.Session session = guest.Cpu.OpenSession())
        {
            Assert.True(session.TryRead(Guest.At(1), out ulong _));
            bool unmapped = false;
            crew.Start(() =>
            {
                guest.Unmap(0, 1);
                Volatile.Write(ref unmapped, true);
            });
            Wait.UntilDue(session);

            // Although its own page is not concerned.
            Assert.False(session.TryRead(Guest.At(1), out ulong _));
            Assert.False(session.TryWrite(Guest.At(1), 1UL));
            Assert.False(session.TryGetSpan(Guest.At(1), 8, AccessKind.Read, out _));
            Assert.False(Volatile.Read(ref unmapped), "Unmap returned while a session could still write to the page.");

            session.Renew(Guest.At(1), AccessKind.Write);
            Wait.Until(() => Volatile.Read(ref unmapped), "The renewal did not let the waiter go ahead.");
            Wait.Until(session, Guest.At(1));
        }

        crew.Join();
        Assert.Equal(FaultSignal.NotMapped, Guest.SignalOf(() => guest.Cpu.Read<int>(Guest.At(0))));
    }

    [Fact]
    public void WhenTheAccessorIsUsedInItsOwnSessionThenItThrowsAndNothingChanges()
    {
        using var guest = new Guest();
        guest.Map(0, 2);
        guest.Touch(0, 1);
        using (MemoryAccessor.Session session = guest.Cpu.OpenSession())
        {
            Assert.Throws<InvalidOperationException>(() => guest.Cpu.OpenSession());
            Assert.Throws<InvalidOperationException>(() => guest.Cpu.Write(Guest.At(0), 1L));
            Assert.Throws<InvalidOperationException>(() => guest.Cpu.Exchange(Guest.At(0), 1L));
            Assert.Throws<InvalidOperationException>(() => guest.Cpu.Fill(Guest.At(0), 8, 1));
            Assert.Throws<InvalidOperationException>(() => guest.Cpu.CopyFrom(new byte[8], Guest.At(0)));
            Assert.Throws<InvalidOperationException>(() => guest.Cpu.CopyTo(Guest.At(0), new byte[8]));
            Assert.Throws<InvalidOperationException>(() => guest.Cpu.Read<long>(Guest.At(1)));
            Assert.Throws<InvalidOperationException>(() => guest.Cpu.Dispose());
            Assert.True(guest.Cpu.IsInSection);
            Assert.Equal(1, Threads.OpenSessions);
            Assert.True(session.TryRead(Guest.At(0), out ulong value));
            Assert.Equal(Guest.WordOf(0), value);
        }

        guest.Cpu.Write(Guest.At(1), 1L);
    }

    [Fact]
    public void WhenACallIsMadeInsideASessionThenItThrowsAndNothingChanges()
    {
        using var guest = new Guest();
        guest.Map(0, 2);
        guest.Touch(0, 2);
        string before = guest.Space.Maps();
        using (guest.Cpu.OpenSession())
        {
            Assert.Throws<InvalidOperationException>(() => guest.Map(4, 1));
            Assert.Throws<InvalidOperationException>(() => guest.Unmap(0, 1));
            Assert.Throws<InvalidOperationException>(() => guest.Protect(0, 1, Protection.Read));
            Assert.Throws<InvalidOperationException>(() => guest.Advise(0, 1, Advice.DontNeed));
            Assert.Throws<InvalidOperationException>(() => guest.Space.Remap(Guest.At(0), Page.Size, 2 * Page.Size, RemapFlags.MayMove));
            Assert.Throws<InvalidOperationException>(() => guest.Space.Fork());
            Assert.Throws<InvalidOperationException>(() => guest.Space.Reset(0));
            Assert.Throws<InvalidOperationException>(() => guest.Space.Dispose());
        }

        Assert.Equal(before, guest.Space.Maps());
        Assert.Equal(Guest.WordOf(1), guest.Cpu.Read<ulong>(Guest.At(1)));
    }

    [Fact]
    public void WhenASessionIsDisposedTwiceThenTheSecondTimeDoesNothing()
    {
        using var guest = new Guest();
        guest.Map(0, 1);
        MemoryAccessor.Session session = guest.Cpu.OpenSession();
        session.Dispose();
        session.Dispose();
        Assert.False(guest.Cpu.IsInSection);
        Assert.Equal(0, Threads.OpenSessions);
        guest.Touch(0, 1);
    }

    /// <summary>The fork must wait: a write through the session would otherwise reach the page that the child shares.</summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenASessionIsOpenThenAForkWaitsForItsWrites(FaultDesign design)
    {
        using var guest = new Guest(design);
        guest.Map(0, 1);
        guest.Touch(0, 1);
        var crew = new Crew();
        AddressSpace? child = null;
        using (MemoryAccessor.Session session = guest.Cpu.OpenSession())
        {
            Assert.True(session.TryGetSpan(Guest.At(0), 8, AccessKind.Write, out GuestSpan span));
            crew.Start(() => Volatile.Write(ref child, guest.Fork()));
            Wait.UntilDue(session);
            Assert.Null(Volatile.Read(ref child));
            span.WritableBytes.Fill(0x11);
        }

        crew.Join();
        guest.Cpu.Write(Guest.At(0), 0x2222_2222_2222_2222UL);
        Assert.Equal(0x1111_1111_1111_1111UL, guest.NewCpu(child!).Read<ulong>(Guest.At(0)));
    }
}
