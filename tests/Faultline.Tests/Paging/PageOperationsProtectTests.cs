using Faultline.Paging;
using Faultline.Physical;

namespace Faultline.Tests.Paging;

public class PageOperationsProtectTests
{
    private static readonly Protection[] s_rights = [.. Enumerable.Range(0, 8).Select(bits => (Protection)bits)];

    /// <summary>What kind of page the protection changes.</summary>
    public enum Kind
    {
        Exclusive,
        Zero,
        SharedWithChild,
        SharedAnonymous,
        SharedAnonymousClean,
    }

    public static TheoryData<FaultDesign, Kind> Cases
    {
        get
        {
            var cases = new TheoryData<FaultDesign, Kind>();
            foreach (FaultDesign design in Enum.GetValues<FaultDesign>())
            {
                foreach (Kind kind in Enum.GetValues<Kind>()) cases.Add(design, kind);
            }

            return cases;
        }
    }

    /// <summary>From all rights to all rights: the entry allows no more than the area, writing only where no copy is due, and frame and contents stay.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void WhenRightsChangeThenTheEntryAllowsWhatTheAreaDoesAndNothingIsLost(FaultDesign design, Kind kind)
    {
        foreach (Protection first in s_rights)
        {
            foreach (Protection second in s_rights)
            {
                using var guest = new Guest(design, frames: 256);
                ulong word = Prepare(guest, kind);
                uint frame = guest.FrameOf(0);
                guest.Protect(0, 1, first);
                AssertEntry(guest, kind, first, frame);
                guest.Protect(0, 1, second);
                AssertEntry(guest, kind, second, frame);
                AssertAccess(guest, second, word);
                guest.Protect(0, 1, Protection.ReadWrite);
                Assert.Equal(word, guest.Cpu.Read<ulong>(Guest.At(0)));
            }
        }
    }

    private static ulong Prepare(Guest guest, Kind kind)
    {
        guest.Map(0, 1, Protection.ReadWrite, kind is Kind.SharedAnonymous or Kind.SharedAnonymousClean ? Guest.Shared : Guest.Private);
        if (kind is Kind.Zero or Kind.SharedAnonymousClean)
        {
            guest.Cpu.Read<int>(Guest.At(0));
            return 0;
        }

        guest.Touch(0, 1);
        if (kind == Kind.SharedWithChild) guest.Fork();
        return Guest.WordOf(0);
    }

    private static void AssertEntry(Guest guest, Kind kind, Protection rights, uint frame)
    {
        Pte entry = guest.EntryOf(0);
        Assert.Equal(frame, entry.Frame);
        Assert.Equal(kind == Kind.Zero, entry.IsSpecial);
        Assert.Equal(rights != Protection.None, entry.IsPresent);
        Assert.Equal(rights == Protection.None, entry.IsProtNone);
        Assert.Equal(rights.HasFlag(Protection.Execute), entry.IsExecutable);

        // Exclusive pages and dirty shared ones need no fault to be written.
        Assert.Equal(rights.HasFlag(Protection.Write) && kind is Kind.Exclusive or Kind.SharedAnonymous, entry.IsWritable);
    }

    private static void AssertAccess(Guest guest, Protection rights, ulong word)
    {
        if (rights == Protection.None) Assert.Equal(FaultSignal.NotPermitted, Guest.SignalOf(() => guest.Cpu.Read<ulong>(Guest.At(0))));
        else Assert.Equal(word, guest.Cpu.Read<ulong>(Guest.At(0)));
        if (rights.HasFlag(Protection.Execute)) Assert.Equal(word, guest.Cpu.Fetch<ulong>(Guest.At(0)));
        else Assert.Equal(FaultSignal.NotPermitted, Guest.SignalOf(() => guest.Cpu.Fetch<ulong>(Guest.At(0))));
        if (rights.HasFlag(Protection.Write)) guest.Cpu.Write(Guest.At(0), word);
        else Assert.Equal(FaultSignal.NotPermitted, Guest.SignalOf(() => guest.Cpu.Write(Guest.At(0), 1)));
    }

    [Fact]
    public void WhenAnExclusivePageLosesAndRegainsWritingThenTheNextWriteNeedsNoFault()
    {
        using var guest = new Guest();
        guest.Map(0, 1);
        guest.Touch(0, 1);
        guest.Protect(0, 1, Protection.Read);
        guest.Protect(0, 1, Protection.ReadWrite);
        long faults = guest.Space.FaultStatistics.Resolved;
        guest.Cpu.Write(Guest.At(0), 1);
        Assert.Equal(faults, guest.Space.FaultStatistics.Resolved);
    }

    [Fact]
    public void WhenRightsAreOnlyAddedThenTranslationsStay()
    {
        using var guest = new Guest();
        guest.Map(0, 1, Protection.Read);
        guest.Cpu.Read<int>(Guest.At(0));
        guest.Protect(0, 1, Protection.ReadWrite);
        Assert.Equal(Guest.At(0), guest.Cpu.Tlb.At(Guest.At(0)).ReadTag);
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenAPageIsFreedLazilyThenItsContentsStayAndTheNextWriteDirtiesItAgain(FaultDesign design)
    {
        using var guest = new Guest(design);
        guest.Map(0, 3);
        guest.Touch(0, 1);
        guest.Cpu.Read<int>(Guest.At(1));
        Pte zero = guest.EntryOf(1);
        guest.Advise(0, 3, Advice.Free);
        Assert.True(guest.EntryOf(0) is { IsDirty: false, IsAccessed: false, IsWritable: true, IsPresent: true });
        Assert.Equal(zero, guest.EntryOf(1));
        Assert.Equal(Guest.WordOf(0), guest.Cpu.Read<ulong>(Guest.At(0)));
        Assert.False(guest.EntryOf(0).IsDirty);
        guest.Touch(0, 1);
        Assert.True(guest.EntryOf(0).IsDirty);
        Assert.Equal(PhysicalMemory.ZeroFrame, guest.FrameOf(1));
    }
}
