namespace Faultline.Tests.Files;

public class WriteBackTests
{
    private const ulong P = Page.Size;

    [Theory]
    [ClassData(typeof(Designs))]
    public void OnlyChangedPagesAreWrittenAndOnlyOnce(FaultDesign design)
    {
        using var guest = new Guest(design);
        using var file = new StoredFile(guest.Memory, new byte[8 * P]);
        guest.Space.Map(Guest.At(0), 8 * P, Protection.ReadWrite, Guest.Shared, file, 0);
        foreach (int page in new[] { 0, 1, 5 }) guest.Cpu.Write(Guest.At(page), (byte)(page + 1));
        guest.Cpu.Read<byte>(Guest.At(3));
        file.Flush();
        Assert.Equal([0UL, 1, 5], file.TakeWritten());
        Assert.Equal((1, 2, 6), (file.Contents[0], file.Contents[P], file.Contents[5 * P]));
        file.Flush();
        Assert.Empty(file.TakeWritten());
    }

    /// <summary>A write after the write-back is a fault again, though the accessor had the translation.</summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenAPageWasWrittenBackThenTheNextWriteMakesItDirtyAgain(FaultDesign design)
    {
        using var guest = new Guest(design);
        using var file = new StoredFile(guest.Memory, new byte[P]);
        AddressSpace other = guest.Fork();
        MemoryAccessor cpu = guest.NewCpu(other);
        guest.Space.Map(Guest.At(0), P, Protection.ReadWrite, Guest.Shared, file, 0);
        other.Map(Guest.At(4), P, Protection.ReadWrite, Guest.Shared, file, 0);
        for (byte round = 1; round < 4; round++)
        {
            guest.Cpu.Write(Guest.At(0), round);
            cpu.Write(Guest.At(4) + 1, round);
            file.Flush();
            Assert.False(guest.EntryOf(0).IsWritable || guest.EntryOf(0).IsDirty);
            Assert.False(guest.EntryOf(4, other).IsWritable);
            Assert.Equal((round, round), (file.Contents[0], file.Contents[1]));
            Assert.Equal([0UL], file.TakeWritten());
        }
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhatAPrivateMappingChangesNeverReachesTheFile(FaultDesign design)
    {
        using var guest = new Guest(design);
        using var file = new StoredFile(guest.Memory, new byte[2 * P]);
        guest.Space.Map(Guest.At(0), 2 * P, Protection.ReadWrite, Guest.Private, file, 0);
        guest.Cpu.Read<byte>(Guest.At(0));
        guest.Cpu.Write(Guest.At(0), (byte)1);
        guest.Cpu.Write(Guest.At(1), (byte)1);
        guest.Space.MemorySync(Guest.At(0), 2 * P);
        file.Flush();
        Assert.Empty(file.TakeWritten());
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenTheLastHolderGoesThenWhatIsDirtyIsWrittenAndTheFileCloses(FaultDesign design)
    {
        using var guest = new Guest(design);
        var file = new StoredFile(guest.Memory, new byte[P + 10]);
        guest.Space.Map(Guest.At(0), 2 * P, Protection.ReadWrite, Guest.Shared, file, 0);
        file.Dispose();
        guest.Cpu.Write(Guest.At(0), (byte)7);
        guest.Cpu.Write(Guest.At(1) + 9, (byte)8);

        // Beyond the end, in its page: seen by mappings, never by the file.
        guest.Cpu.Write(Guest.At(1) + 10, (byte)9);
        guest.Unmap(0, 1);
        Assert.False(file.IsClosed);
        guest.Unmap(1, 1);
        Assert.True(file.IsClosed);
        Assert.Equal(((byte)7, (byte)8), (file.Contents[0], file.Contents[P + 9]));
    }

    [Fact]
    public void WhenAWriteFailsThenTheCallerLearnsItAndThePageStaysDirty()
    {
        using var guest = new Guest();
        using var file = new StoredFile(guest.Memory, new byte[4 * P]) { OnWrite = _ => throw new IOException("Full.") };
        guest.Space.Map(Guest.At(0), 4 * P, Protection.ReadWrite, Guest.Shared, file, 0);
        guest.Cpu.Write(Guest.At(2), (byte)7);
        Assert.Throws<IOException>(file.Flush);
        Assert.Equal(Errno.EIO, guest.Space.TryMemorySync(Guest.At(0), 4 * P));
        Assert.Equal(Errno.None, guest.Space.TryMemorySync(Guest.At(0), 2 * P));
        file.OnWrite = null;
        Assert.Equal(Errno.None, guest.Space.TryMemorySync(Guest.At(2), P));
        Assert.Equal([2UL], file.TakeWritten());
        Assert.Equal((byte)7, file.Contents[2 * P]);
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void TheFileIsToldBeforeACleanPageBecomesWritableAndOnlyThen(FaultDesign design)
    {
        using var guest = new Guest(design);
        List<ulong> told = [];
        using var file = new StoredFile(guest.Memory, new byte[4 * P]) { OnWritable = told.Add };
        guest.Space.Map(Guest.At(0), 4 * P, Protection.ReadWrite, Guest.Shared, file, 0);
        guest.Space.Map(Guest.At(8), 4 * P, Protection.ReadWrite, Guest.Private, file, 0);
        guest.Cpu.Read<byte>(Guest.At(1));
        Assert.Empty(told);
        guest.Cpu.Write(Guest.At(1), (byte)1);
        guest.Cpu.Write(Guest.At(2), (byte)2);
        guest.Cpu.Write(Guest.At(2) + 8, (byte)2);
        guest.Cpu.Write(Guest.At(9), (byte)3);
        Assert.Equal([1UL, 2], told);
        file.Flush();
        guest.Cpu.Write(Guest.At(2), (byte)4);
        Assert.Equal([1UL, 2, 2], told);
        Assert.Equal(design == FaultDesign.Classic ? 0 : guest[Faultline.Diagnostics.FaultEvent.Attempt], guest[Faultline.Diagnostics.FaultEvent.Speculative]);
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenTheFileRefusesThenTheWriteIsABusErrorAndThePageStaysClean(FaultDesign design)
    {
        using var guest = new Guest(design);
        using var file = new StoredFile(guest.Memory, new byte[P]) { OnWritable = _ => throw new IOException("No room.") };
        guest.Space.Map(Guest.At(0), P, Protection.ReadWrite, Guest.Shared, file, 0);
        Assert.Equal(FaultSignal.BusError, Guest.SignalOf(() => guest.Cpu.Write(Guest.At(0), (byte)1)));
        Assert.Equal((byte)0, guest.Cpu.Read<byte>(Guest.At(0)));
        file.Flush();
        Assert.Empty(file.TakeWritten());
    }

    /// <summary>Threads count up words while others write back: whenever a write-back ends, the file has what was there when it began.</summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenPagesAreWrittenBackUnderWritersThenNothingIsLost(FaultDesign design)
    {
        const int Pages = 6;
        using var guest = new Guest(design);
        using var file = new StoredFile(guest.Memory, new byte[Pages * P]);
        guest.Space.Map(Guest.At(0), Pages * P, Protection.ReadWrite, Guest.Shared, file, 0);
        long[][] counts = [new long[Pages], new long[Pages]];
        var crew = new Crew();
        for (int i = 0; i < counts.Length; i++)
        {
            MemoryAccessor cpu = guest.NewCpu();
            long[] own = counts[i];
            ulong offset = (ulong)i * sizeof(long);
            crew.StartLoop(round =>
            {
                int page = round % Pages;
                cpu.Write(Guest.At(page) + offset, own[page] + 1);
                Volatile.Write(ref own[page], own[page] + 1);
            });
        }

        crew.StartLoop(round =>
        {
            long[][] before = [.. counts.Select(own => own.Select((_, page) => Volatile.Read(ref own[page])).ToArray())];
            if (round % 2 == 0) file.Flush();
            else guest.Space.MemorySync(Guest.At(0), Pages * P);
            for (int page = 0; page < Pages; page++)
            {
                for (int i = 0; i < counts.Length; i++)
                {
                    long stored = BitConverter.ToInt64(file.Contents, (int)(((ulong)page * P) + ((ulong)i * sizeof(long))));
                    Assert.True(stored >= before[i][page], $"Page {page} has {stored}, {before[i][page]} was written.");
                }
            }
        });
        crew.RunFor(TimeSpan.FromMilliseconds(300));
    }
}
