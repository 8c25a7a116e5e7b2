using Faultline.Translation;

namespace Faultline.Tests.Translation;

public class ShootdownTests
{
    [Fact]
    public void WhenNoAccessorIsNamedThenNobodyIsVisited()
    {
        using var guest = new Guest();
        guest.Map(0, 1);
        guest.Touch(0, 1);
        using (guest.Cpu.OpenSession())
        {
            Shootdown.Invalidate(guest.Space, accessors: 0, Guest.At(0), Guest.At(1));
            Assert.Equal(Guest.At(0), guest.Cpu.Tlb.At(Guest.At(0)).WriteTag);
        }
    }

    [Fact]
    public void WhenAnAccessorIsNotNamedThenItKeepsItsTranslationsAndIsNotWaitedFor()
    {
        using var guest = new Guest();
        guest.Map(0, 1);
        guest.Touch(0, 1);
        MemoryAccessor other = guest.NewCpu();
        other.Write(Guest.At(0), 1);
        using (guest.Cpu.OpenSession())
        {
            Shootdown.Invalidate(guest.Space, other.SlotBit, Guest.At(0), Guest.At(1));
            Assert.Equal(TlbEntry.Invalid, other.Tlb.At(Guest.At(0)).WriteTag);
            Assert.Equal(Guest.At(0), guest.Cpu.Tlb.At(Guest.At(0)).WriteTag);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void WhenANamedAccessorIsInsideASectionThenItsEndIsWaitedFor(bool all)
    {
        using var guest = new Guest();
        bool done = false;
        var crew = new Crew();
        using (MemoryAccessor.Session session = guest.Cpu.OpenSession())
        {
            crew.Start(() =>
            {
                if (all) Shootdown.WaitForAllSections(guest.Space);
                else Shootdown.Invalidate(guest.Space, guest.Cpu.SlotBit, Guest.At(0), Guest.At(1));
                Volatile.Write(ref done, true);
            });
            Wait.UntilDue(session);
            Assert.False(Volatile.Read(ref done));
        }

        crew.Join();
        Assert.True(done);
    }

    /// <summary>Only the section that was open counts: a busy accessor does not hold the shooter up for ever.</summary>
    [Fact]
    public void WhenAnAccessorKeepsEnteringSectionsThenTheShooterStillReturns()
    {
        using var guest = new Guest();
        guest.Map(0, 1);
        var crew = new Crew();
        crew.StartLoop(_ => guest.Cpu.Write(Guest.At(0), 1));
        for (int i = 0; i < 10_000; i++) Shootdown.Invalidate(guest.Space, guest.Cpu.SlotBit, Guest.At(0), Guest.At(1));
        crew.RunFor(TimeSpan.Zero);
    }
}
