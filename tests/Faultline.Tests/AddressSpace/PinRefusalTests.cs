using Faultline.Files;
using Faultline.Tests.Files;
using static Faultline.Tests.Guest;

namespace Faultline.Tests.Calls;

/// <summary>What cannot be pinned, and with which error.</summary>
public class PinRefusalTests
{
    private const ulong P = Page.Size;

    [Fact]
    public void WhenAPageCannotBePinnedThenThoseBeforeItAre()
    {
        using var guest = new Guest();
        guest.Map(0, 3);
        guest.Map(3, 1, Protection.Read);
        using PinnedPages all = guest.Space.PinPages(At(0), 8 * P);
        Assert.Equal(4, all.PageCount);
        using PinnedPages writable = guest.Space.PinPages(At(0), 8 * P, PinFlags.Write);
        Assert.Equal(3, writable.PageCount);
        Assert.Throws<ArgumentOutOfRangeException>(() => writable.Read(At(3) - 1, new byte[2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => writable.Read(At(0) - 1, new byte[1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => writable.GetPage(3).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => writable.GetWritablePage(-1).Length);
    }

    [Fact]
    public void WhenTheUseIsNotAllowedThenTheErrorIsThatOfLinux()
    {
        using var guest = new Guest(privileged: true);
        using var file = new StoredFile(guest.Memory, new byte[P]);
        using var device = new DeviceMemory(guest.Memory, "/dev/fb0", new FileIdentity(0, 6, 1), frames: 1);
        guest.Map(1, 1, Protection.None);
        guest.Map(2, 1, Protection.Write);
        guest.Map(3, 1, Protection.Execute);
        guest.Map(4, 1, Protection.Read);
        guest.Map(5, 1);
        guest.Touch(5, 1);
        guest.Advise(5, 1, Advice.HardwarePoison);
        guest.Space.Map(At(6), 2 * P, Protection.ReadWrite, Shared, file, 0);
        guest.Space.Map(At(8), P, Protection.ReadWrite, Shared, device, 0);

        Errno Pin(int page, PinFlags flags = PinFlags.None, ulong length = P)
        {
            Errno error = guest.Space.TryPinPages(At(page), length, flags, out PinnedPages? pinned);
            Assert.Equal(error != Errno.None, pinned is null);
            pinned?.Dispose();
            return error;
        }

        foreach (int page in new[] { 0, 1, 2, 3, 5, 7, 8 }) Assert.Equal((page, Errno.EFAULT), (page, Pin(page)));
        foreach (int page in new[] { 0, 1, 3, 4, 5, 7, 8 }) Assert.Equal((page, Errno.EFAULT), (page, Pin(page, PinFlags.Write)));
        Assert.Equal((Errno.None, Errno.None), (Pin(2, PinFlags.Write), Pin(4, PinFlags.LongTerm)));

        // The file tracks what is written: a lasting pin's writes would escape it.
        Assert.Equal((Errno.None, Errno.EFAULT), (Pin(6, PinFlags.Write), Pin(6, PinFlags.Write | PinFlags.LongTerm)));
        Assert.Equal(Errno.None, Pin(6, PinFlags.LongTerm));

        Assert.Equal((Errno.EINVAL, Errno.EINVAL, Errno.EINVAL), (Pin(4, (PinFlags)8), Pin(4, length: 0), Pin(4, length: (1UL << 31) + 1)));
        Assert.Equal(Errno.EFAULT, guest.Space.TryPinPages(ulong.MaxValue - P, P, PinFlags.None, out _));
        Assert.Equal(Errno.EFAULT, Assert.Throws<AddressSpaceException>(() => guest.Space.PinPages(At(0), P)).Error);
        using PinnedPages reading = guest.Space.PinPages(At(4), P);
        Assert.Throws<InvalidOperationException>(() => reading.Write([1], At(4)));
        Assert.Throws<InvalidOperationException>(() => reading.GetWritablePage(0).Length);
    }

    [Fact]
    public void WhenNoFrameIsLeftThenWhatCouldBePinnedIsAndTheFirstPageIsAnError()
    {
        using var guest = new Guest(frames: 64);
        guest.Map(0, 64);
        guest.Touch(0, 1);
        using PinnedPages some = guest.Space.PinPages(At(0), 64 * P, PinFlags.Write);
        Assert.InRange(some.PageCount, 32, 63);
        Assert.Equal(Errno.ENOMEM, guest.Space.TryPinPages(At(some.PageCount), P, PinFlags.Write, out _));
    }
}
