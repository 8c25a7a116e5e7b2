using Faultline.Paging;

namespace Faultline.Tests.Paging;

/// <summary>Bit positions are those of the processor's manual (volume 3, table "format of a page-table entry").</summary>
public class PteTests
{
    [Theory]
    [InlineData(0, Pte.PresentBit)]
    [InlineData(1, Pte.WritableBit)]
    [InlineData(2, Pte.UserBit)]
    [InlineData(5, Pte.AccessedBit)]
    [InlineData(6, Pte.DirtyBit)]
    [InlineData(63, Pte.NoExecuteBit)]
    public void WhenTheHardwareUsesABitThenItIsWhereTheHardwareWantsIt(int position, ulong bit) => Assert.Equal(1UL << position, bit);

    [Theory]
    [InlineData(Pte.SpecialBit)]
    [InlineData(Pte.SoftDirtyBit)]
    public void WhenSoftwareUsesABitOfAPresentEntryThenTheHardwareIgnoresIt(ulong bit) => Assert.Contains(bit, new[] { 1UL << 9, 1UL << 10, 1UL << 11 });

    [Fact]
    public void WhenBitsAreComparedThenNoTwoShareAPosition()
    {
        ulong[] all =
        [
            Pte.PresentBit, Pte.WritableBit, Pte.UserBit, Pte.AccessedBit, Pte.DirtyBit, Pte.ProtNoneBit, Pte.SpecialBit, Pte.SoftDirtyBit,
            Pte.FrameMask, Pte.NoExecuteBit,
        ];
        Assert.Equal(all.Aggregate((x, y) => x | y), all.Aggregate((x, y) => x ^ y));
        Assert.Equal(0x000f_ffff_ffff_f000UL, Pte.FrameMask);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(1u)]
    [InlineData(uint.MaxValue)]
    public void WhenAnEntryIsMadeForAFrameThenItLeadsThere(uint frame)
    {
        Assert.Equal(frame, Pte.ForPage(frame, Pte.PresentBit | Pte.NoExecuteBit | Pte.SpecialBit).Frame);
        Assert.Equal(frame, Pte.ForTable(frame).Frame);
    }

    [Fact]
    public void WhenAnEntryPointsToATableThenItRestrictsNothingBelow()
    {
        Pte entry = Pte.ForTable(7);
        Assert.True(entry.IsPresent && entry.IsWritable && entry.IsExecutable);
        Assert.NotEqual(0UL, entry.Value & Pte.UserBit);
    }

    [Theory]
    [InlineData(Pte.PresentBit, true, true, false)]
    [InlineData(Pte.PresentBit | Pte.WritableBit, true, true, true)]
    [InlineData(Pte.PresentBit | Pte.NoExecuteBit, true, false, false)]
    [InlineData(Pte.PresentBit | Pte.WritableBit | Pte.NoExecuteBit, true, false, true)]
    [InlineData(Pte.WritableBit, false, false, false)]
    [InlineData(Pte.ProtNoneBit | Pte.WritableBit, false, false, false)]
    [InlineData(0UL, false, false, false)]
    public void WhenAnAccessIsTriedThenTheEntryAllowsWhatTheHardwareWould(ulong bits, bool read, bool execute, bool write)
    {
        var entry = new Pte(bits);
        Assert.Equal(read, entry.Allows(AccessKind.Read));
        Assert.Equal(execute, entry.Allows(AccessKind.Execute));
        Assert.Equal(write, entry.Allows(AccessKind.Write));
    }

    [Fact]
    public void WhenAccessIsWithdrawnThenThePageIsKeptButNotPresent()
    {
        Pte entry = Pte.ForPage(5, Pte.ProtNoneBit | Pte.UserBit | Pte.DirtyBit);
        Assert.True(entry.HasPage && entry.IsProtNone && !entry.IsPresent && !entry.IsNone && entry.IsDirty);
        Assert.Equal(5u, entry.Frame);

        // The same bit of a present entry is the hardware's "global": it means nothing here.
        Assert.False(Pte.ForPage(5, Pte.ProtNoneBit | Pte.PresentBit).IsProtNone);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(0xffff_ffff)]
    public void WhenAnEntryHasNoPageThenNothingIsAllowedAndItSaysWhy(uint payload)
    {
        foreach (AbsentKind kind in Enum.GetValues<AbsentKind>().Where(kind => kind != AbsentKind.None))
        {
            Pte entry = Pte.ForAbsent(kind, payload);
            Assert.True(entry is { IsNone: false, HasPage: false, IsPresent: false, IsProtNone: false, IsSpecial: false });
            Assert.Equal((kind, payload), (entry.Absent, entry.Frame));
            Assert.All(Enum.GetValues<AccessKind>(), access => Assert.False(entry.Allows(access)));

            // What a comparison ignores must not tell two entries apart.
            Assert.Equal(0UL, entry.Value & Pte.UseBits);
        }
    }

    [Fact]
    public void WhenThereIsNoEntryThenThereIsNoPage() => Assert.True(Pte.None.IsNone && !Pte.None.HasPage && !Pte.None.IsPresent);
}
