namespace Faultline.Tests.Translation;

public class MemoryAccessorAtomicsTests
{
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenThreadsCountByCompareExchangeThenNoIncrementIsLost(FaultDesign design)
    {
        const int Threads = 4, Increments = 5_000;
        using var guest = new Guest(design);
        guest.Map(0, 1);
        MemoryAccessor[] cpus = [.. Enumerable.Range(0, Threads).Select(_ => guest.NewCpu())];
        Parallel(cpus, cpu =>
        {
            for (int i = 0; i < Increments; i++)
            {
                long seen = cpu.Read<long>(Guest.At(0));
                while (cpu.CompareExchange(Guest.At(0), seen + 1, seen) is var found && found != seen) seen = found;
            }
        });
        Assert.Equal(Threads * Increments, guest.Cpu.Read<long>(Guest.At(0)));
    }

    [Fact]
    public void WhenAWordIsExchangedThenTheOldValueComesBack()
    {
        using var guest = new Guest();
        guest.Map(0, 1);
        Assert.Equal(0, guest.Cpu.Exchange(Guest.At(0) + 6, (short)5));
        Assert.Equal(5, guest.Cpu.Exchange(Guest.At(0) + 6, (short)6));
        Assert.Equal((byte)6, guest.Cpu.CompareExchange<byte>(Guest.At(0) + 6, 9, 6));
        Assert.Equal((byte)9, guest.Cpu.CompareExchange<byte>(Guest.At(0) + 6, 1, 2));
        Assert.Equal((byte)9, guest.Cpu.Read<byte>(Guest.At(0) + 6));
        Assert.Equal(DayOfWeek.Sunday, guest.Cpu.Exchange(Guest.At(0) + 8, DayOfWeek.Friday));
    }

    [Fact]
    public void WhenAnAtomicIsMisalignedThenItThrowsAndChangesNothing()
    {
        using var guest = new Guest();
        guest.Map(0, 1);
        for (ulong offset = 1; offset < 8; offset++)
        {
            Assert.Throws<DataMisalignedException>(() => guest.Cpu.Exchange(Guest.At(0) + offset, -1L));
            Assert.Throws<DataMisalignedException>(() => guest.Cpu.CompareExchange(Guest.At(0) + offset, -1L, 0L));
        }

        AssertUsable(guest);
        Assert.Equal(0L, guest.Cpu.Read<long>(Guest.At(0)));
    }

    [Fact]
    public void WhenAnAtomicNeedsAWriteThatIsForbiddenThenItSignalsEvenIfNothingWouldBeStored()
    {
        using var guest = new Guest();
        guest.Map(0, 1, Protection.Read);
        Assert.Equal(FaultSignal.NotPermitted, Guest.SignalOf(() => guest.Cpu.CompareExchange(Guest.At(0), 1, 2)));
        Assert.Equal(FaultSignal.NotMapped, Guest.SignalOf(() => guest.Cpu.Exchange(Guest.At(1), 1)));
    }

    /// <summary>The refusal must not come inside the section: it would never end, and the next unmap would wait for it for ever.</summary>
    [Fact]
    public void WhenATypeHasNoAtomicOperationThenItIsRefusedAndTheAccessorStaysUsable()
    {
        using var guest = new Guest();
        guest.Map(0, 1);
        Assert.Throws<NotSupportedException>(() => guest.Cpu.CompareExchange(Guest.At(0), Guid.Empty, Guid.Empty));
        Assert.Throws<NotSupportedException>(() => guest.Cpu.Exchange(Guest.At(0), default(Bytes3)));
        AssertUsable(guest);
    }

    private static void AssertUsable(Guest guest)
    {
        Assert.False(guest.Cpu.IsInSection);
        guest.Cpu.Write(Guest.At(0) + 64, 1);
        guest.Protect(0, 1, Protection.Read);
        guest.Protect(0, 1, Protection.ReadWrite);
    }

    private static void Parallel(MemoryAccessor[] cpus, Action<MemoryAccessor> body)
    {
        var crew = new Crew();
        foreach (MemoryAccessor cpu in cpus) crew.Start(() => body(cpu));
        crew.Join();
    }
}
