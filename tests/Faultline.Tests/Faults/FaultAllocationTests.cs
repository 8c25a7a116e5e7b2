using Faultline.Tests.Files;

namespace Faultline.Tests.Faults;

public class FaultAllocationTests
{
    private const int Pages = 1500;

    /// <summary>Every kind of fault and access that resolves: a collection in the middle of a fault would be the latency that the engine is to avoid.</summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenFaultsAndAccessesResolveThenNothingIsAllocatedOnTheManagedHeap(FaultDesign design)
    {
        // Under ranges a classic fault makes an object for its request.
        using var guest = new Guest(design, frames: 16384, writerLock: WriterLock.MmapLock);
        guest.Map(0, 2 * Pages);
        guest.Map(4096, Pages, Protection.ReadWrite, Guest.Shared);
        using var file = new StoredFile(guest.Memory, new byte[Pages * Page.Size]);
        guest.Space.Map(Guest.At(8192), Pages * Page.Size, Protection.ReadWrite, Guest.Shared, file, 0);
        guest.Space.Map(Guest.At(12288), Pages * Page.Size, Protection.ReadWrite, Guest.Private, file, 0);

        // The first round sets up what lives as long as the area: AnonVma, page cache, compiled code. In the second, frames that were freed
        // out of order are sorted; the BCL makes its sorter when it is first used.
        for (int round = 0; round < 2; round++)
        {
            Round(guest);
            guest.Advise(0, 2 * Pages, Advice.DontNeed);
            guest.Advise(4096, Pages, Advice.DontNeed);
            guest.Advise(8192, Pages, Advice.DontNeed);
            guest.Advise(12288, Pages, Advice.DontNeed);
        }

        using AddressSpace child = guest.Space.Fork();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Round(guest);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static void Round(Guest guest)
    {
        MemoryAccessor cpu = guest.Cpu;
        Span<byte> buffer = stackalloc byte[64];
        for (int page = 0; page < Pages; page++)
        {
            cpu.Write(Guest.At(page), 1L);
            cpu.Read<long>(Guest.At(Pages + page));
            cpu.Write(Guest.At(Pages + page), 2L);
            cpu.Exchange(Guest.At(page), 3);
            cpu.CompareExchange(Guest.At(page), 3, 4);
            cpu.CopyTo(Guest.At(page) + 4090, buffer[..4]);
            cpu.CopyFrom(buffer, Guest.At(Pages + page) + 100);
            cpu.Fill(Guest.At(page), 128, 7);
            cpu.Read<int>(Guest.At(4096 + page));
            cpu.Write(Guest.At(4096 + page), 5);
            cpu.Read<int>(Guest.At(8192 + page));
            cpu.Write(Guest.At(8192 + page), 5);
            cpu.Write(Guest.At(12288 + page), 6);
        }

        using MemoryAccessor.Session session = cpu.OpenSession();
        for (int page = 0; page < Pages; page++)
        {
            while (!session.TryWrite(Guest.At(page), 1L)) session.Renew(Guest.At(page), AccessKind.Write);
            if (session.TryGetSpan(Guest.At(page), 64, AccessKind.Write, out GuestSpan span)) span.WritableBytes.Clear();
        }
    }
}
