using Faultline.Diagnostics;
using Faultline.Files;
using Faultline.Physical;
using Faultline.Tests.Faults;
using Faultline.Tests.Files;
using Faultline.Tests.Stress;
using static Faultline.Tests.Guest;

namespace Faultline.Tests.Calls;

public class RemoteAccessTests
{
    private const ulong P = Page.Size;

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenMemoryIsWrittenAndReadFromOutsideThenItIsThatOfTheSpace(FaultDesign design)
    {
        // More than one step, over the end of a table and over two areas.
        const int Length = 40 * Page.Size;
        using var guest = new Guest(design);
        guest.Map(490, 30);
        guest.Map(520, 20, Protection.ReadWrite | Protection.Execute);
        byte[] sent = new byte[Length], received = new byte[Length];
        new Random(Seed.Announce()).NextBytes(sent);
        Assert.Equal(Errno.None, guest.Space.TryWriteMemory(At(491) - 10, sent, out ulong written));
        Assert.Equal(Errno.None, guest.Space.TryReadMemory(At(491) - 10, received, out ulong read));
        Assert.Equal(((ulong)Length, (ulong)Length), (written, read));
        Assert.Equal(sent, received);
        guest.Cpu.CopyTo(At(491) - 10, received);
        Assert.Equal(sent, received);
        Assert.Equal((Errno.None, Errno.None), (guest.Space.TryReadMemory(At(0), [], out _), guest.Space.TryWriteMemory(At(0), [], out _)));
    }

    [Fact]
    public void WhenAPageIsReadThenItIsNotCopied()
    {
        using var guest = new Guest();
        guest.Map(0, 2);
        guest.Touch(0, 1);
        AddressSpace child = guest.Fork();
        long used = guest.FramesInUse;
        byte[] word = new byte[2 * P];
        Assert.Equal(Errno.None, guest.Space.TryReadMemory(At(0), word, out _));
        Assert.Equal((WordOf(0), 0), (BitConverter.ToUInt64(word), word[P]));
        Assert.Equal((guest.FrameOf(0, child), PhysicalMemory.ZeroFrame), (guest.FrameOf(0), guest.FrameOf(1)));
        Assert.Equal(used, guest.FramesInUse);
    }

    [Fact]
    public void WhenAPageIsWrittenThenTheOtherSideOfAForkKeepsItsOwn()
    {
        using var guest = new Guest();
        guest.Map(0, 1);
        guest.Touch(0, 1);
        AddressSpace child = guest.Fork();
        Assert.Equal(Errno.None, child.TryWriteMemory(At(0), BitConverter.GetBytes(5UL), out _));
        Assert.Equal((WordOf(0), 5UL), (guest.Cpu.Read<ulong>(At(0)), guest.NewCpu(child).Read<ulong>(At(0))));
        Assert.Equal([FaultEvent.Reuse], FaultRecord.Of(guest, () => guest.Touch(0, 1)));
    }

    [Fact]
    public void WhenAPageIsOutOfReachThenWhatLiesBeforeItIsCopied()
    {
        using var guest = new Guest();
        guest.Map(0, 20);
        guest.Map(20, 1, Protection.Read);
        guest.Touch(0, 20);
        byte[] buffer = new byte[30 * P];
        Assert.Equal(Errno.None, guest.Space.TryReadMemory(At(0) + 1, buffer, out ulong read));
        Assert.Equal((21 * P) - 1, read);
        Assert.Equal(Errno.None, guest.Space.TryWriteMemory(At(0) + 1, buffer, out ulong written));
        Assert.Equal((20 * P) - 1, written);
        Assert.Equal(Errno.EFAULT, guest.Space.TryWriteMemory(At(20), buffer, out written));
        Assert.Equal(Errno.EFAULT, guest.Space.TryReadMemory(At(21), buffer, out read));
        Assert.Equal((0UL, 0UL), (written, read));
        foreach (ulong far in new[] { ulong.MaxValue, 1UL << 47, (1UL << 47) - 1 }) Assert.Equal(Errno.EFAULT, guest.Space.TryReadMemory(far, buffer, out _));
    }

    [Fact]
    public void WhenTheAreasForbidItThenItIsRefused()
    {
        using var guest = new Guest();
        using var device = new DeviceMemory(guest.Memory, "/dev/fb0", new FileIdentity(0, 6, 1), frames: 1);
        using var file = new TestFile(guest.Memory, P);
        guest.Map(0, 1, Protection.None);
        guest.Map(1, 1, Protection.Write);
        guest.Space.Map(At(2), P, Protection.ReadWrite, Shared, device, 0);
        guest.Space.Map(At(3), 2 * P, Protection.ReadWrite, Private, file, 0);
        byte[] one = new byte[1];
        foreach (int page in new[] { 0, 1, 2, 4 }) Assert.Equal((page, Errno.EFAULT), (page, guest.Space.TryReadMemory(At(page), one, out _)));
        foreach (int page in new[] { 0, 2, 4 }) Assert.Equal((page, Errno.EFAULT), (page, guest.Space.TryWriteMemory(At(page), one, out _)));
        Assert.Equal(Errno.None, guest.Space.TryWriteMemory(At(1), one, out _));
        Assert.Equal((Errno.None, 1UL), (guest.Space.TryReadMemory(At(3) + P - 1, new byte[2], out ulong read), read));
    }

    [Fact]
    public void WhenASharedFileIsWrittenThenItIsWrittenBack()
    {
        using var guest = new Guest();
        using var file = new StoredFile(guest.Memory, new byte[P]);
        guest.Space.Map(At(0), P, Protection.ReadWrite, Shared, file, 0);
        guest.Space.TryWriteMemory(At(0), [1], out _);
        guest.Space.MemorySync(At(0), P);
        Assert.Equal([0UL], file.TakeWritten());
    }

    /// <summary>A word that a thread counts up is never seen to go back, whatever becomes of its page.</summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenReadBesideForksAndMovesThenTheMemoryIsSeenAsItIs(FaultDesign design)
    {
        using var guest = new Guest(design);
        guest.Map(0, 4);
        guest.Touch(0, 4);
        var crew = new Crew();
        MemoryAccessor writer = guest.NewCpu();
        ulong counted = 0, seen = 0, reads = 0, sent = 0;
        guest.Cpu.Write(At(1) + 8, 0UL);
        crew.StartLoop(_ => writer.Write(At(1) + 8, ++counted));
        byte[] word = new byte[8];
        crew.StartLoop(_ =>
        {
            Assert.Equal(Errno.None, guest.Space.TryReadMemory(At(1) + 8, word, out ulong _));
            ulong now = BitConverter.ToUInt64(word);
            Assert.InRange(now, seen, ulong.MaxValue);
            seen = now;
            Assert.Equal(Errno.None, guest.Space.TryWriteMemory(At(1) + 64, BitConverter.GetBytes(++sent), out ulong _));
            Assert.Equal(Errno.None, guest.Space.TryReadMemory(At(1) + 64, word, out ulong _));
            Assert.Equal(sent, BitConverter.ToUInt64(word));
            reads++;
        });
        crew.StartLoop(_ => guest.Space.Fork().Dispose());
        crew.StartLoop(_ => guest.Space.TryMigrate(At(0), 4 * P, out int _));
        crew.RunFor(StressTime.OfOneTest);
        Assert.True(reads > 0, "Nothing was read.");
    }
}
