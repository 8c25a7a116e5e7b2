using Faultline.Areas;
using Faultline.Files;
using Faultline.Paging;
using Faultline.Physical;
using Faultline.Tests.Files;

namespace Faultline.Tests.Paging;

public class NormalPageTests
{
    private const int Pages = 8;

    /// <summary>What is raw, by kind of map, with the bit and without: the same verdicts.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void WhenAnEntryIsTestedThenTheVerdictIsTheSameWithAndWithoutTheBit(bool specialBit)
    {
        using var guest = new Guest(specialBit: specialBit);
        using DeviceMemory pure = TestDevice.Create(guest.Memory), mixed = TestDevice.Create(guest.Memory, mixed: true);
        foreach (DeviceMemory device in new[] { pure, mixed })
        {
            foreach (MapFlags flags in new[] { Guest.Private, Guest.Shared })
            {
                guest.Space.Map(Guest.At(0), Pages * Page.Size, Protection.ReadWrite, flags, device, 3 * Page.Size);
                for (int i = 0; i < Pages; i++) guest.Cpu.Read<int>(Guest.At(i));
                if (flags == Guest.Private) guest.Touch(2, 1);

                // A part keeps its offset.
                guest.Unmap(0, 1);
                VmArea area = guest.Space.Areas.Find(Guest.At(1))!;
                for (int i = 1; i < Pages; i++)
                {
                    bool normal = NormalPage.Is(guest.Space, area, Guest.At(i), guest.EntryOf(i));
                    Assert.Equal((i, i == 2 && flags == Guest.Private), (i, normal));
                    Assert.Equal(normal, NormalPage.Is(guest.Space, new ReadOnlySpan<VmArea>(in area), Guest.At(i), guest.EntryOf(i)));
                }
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void WhenThePageIsTheZeroFrameThenItIsNobodysAndOtherPagesOfThatAreaAreNormal(bool specialBit)
    {
        using var guest = new Guest(specialBit: specialBit);
        guest.Map(0, 2);
        guest.Cpu.Read<int>(Guest.At(0));
        guest.Touch(1, 1);
        VmArea area = guest.Space.Areas.Find(Guest.At(0))!;
        Assert.Equal((PhysicalMemory.ZeroFrame, specialBit), (guest.FrameOf(0), guest.EntryOf(0).IsSpecial));
        Assert.False(NormalPage.Is(guest.Space, area, Guest.At(0), guest.EntryOf(0)));
        Assert.True(NormalPage.Is(guest.Space, area, Guest.At(1), guest.EntryOf(1)));
        Assert.True(NormalPage.Is(guest.Space, raw: [], Guest.At(1), guest.EntryOf(1)));
    }

    /// <summary>Without the bit the answer depends on where the area lies: a shifted area takes the device's frame for a copy. The sequence is what keeps a fault from it.</summary>
    [Fact]
    public void WhenTheAreaIsAnotherThenOnlyTheBitStillKnows()
    {
        foreach (bool specialBit in new[] { true, false })
        {
            using var guest = new Guest(specialBit: specialBit);
            using DeviceMemory device = TestDevice.Create(guest.Memory);
            guest.Space.Map(Guest.At(0), Pages * Page.Size, Protection.ReadWrite, Guest.Private, device, 0);
            guest.Cpu.Read<int>(Guest.At(1));
            VmArea area = guest.Space.Areas.Find(Guest.At(0))!;
            var shifted = new VmArea(area.Start, area.End, area.Flags, area.PageOffset + 1, device, anonVma: null);
            Assert.False(NormalPage.Is(guest.Space, area, Guest.At(1), guest.EntryOf(1)));
            Assert.Equal(!specialBit, NormalPage.Is(guest.Space, shifted, Guest.At(1), guest.EntryOf(1)));
        }
    }
}
