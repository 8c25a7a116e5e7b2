using CsCheck;
using Faultline.Diagnostics;
using Faultline.Paging;
using Faultline.Physical;

namespace Faultline.Tests.Paging;

public class PageTableTests
{
    private const int TablePages = 512;

    /// <summary>Places in and between tables of every level: same table, next table, next directory, the root's last user entry.</summary>
    private static readonly Gen<int> s_page = Gen.OneOf(
        Gen.Int[0, 40], Gen.Int[TablePages - 8, TablePages + 8], Gen.Int[(TablePages * TablePages) - 4, (TablePages * TablePages) + 4]);

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenPagesAreMappedAnywhereThenAProcessorFindsWhatTheAccessorFinds(FaultDesign design)
    {
        Gen<(int, int, Protection, int[])> map = Gen.Select(
            s_page, Gen.Int[1, 20], Gen.Int[1, 7].Select(bits => (Protection)bits), Gen.Int[0, 19].Array[0, 8], (p, n, r, t) => (p, n, r, t));
        map.Array[1, 8].Sample(
            maps =>
            {
                using var guest = new Guest(design, frames: 512);
                foreach (var (page, pages, rights, touched) in maps)
                {
                    guest.Map(page, pages, rights);
                    foreach (int offset in touched.Where(offset => offset < pages)) TouchAsAllowed(guest, page + offset, rights, offset);
                }

                foreach (var (page, pages, _, _) in maps)
                {
                    for (int at = page - 1; at <= page + pages; at++) AssertProcessorAgrees(guest, at);
                }
            },
            iter: 60);
    }

    private static void TouchAsAllowed(Guest guest, int page, Protection rights, int word)
    {
        if (rights.HasFlag(Protection.Write)) guest.Cpu.Write(Guest.At(page) + ((ulong)word * 8), Guest.WordOf(page));
        else guest.Cpu.Read<ulong>(Guest.At(page));
    }

    /// <summary>Both without a fault: what the tables do not say the accessor must not have.</summary>
    private static void AssertProcessorAgrees(Guest guest, int page)
    {
        ulong address = Guest.At(page);
        HardwareWalker.Result walk = HardwareWalker.Walk(guest.Memory, guest.Space.PageTable.Root, address);
        using MemoryAccessor.Session session = guest.Cpu.OpenSession();
        foreach (AccessKind kind in Enum.GetValues<AccessKind>())
        {
            if (!session.TryGetSpan(address, Page.Size, kind, out GuestSpan span)) continue;
            Assert.True(walk.Allows(kind), $"A processor would not allow {kind} of page {page}: {walk}.");
            Assert.True(
                span.Bytes.Overlaps(guest.Memory.Contents((uint)(walk.Physical >> 12)), out int offset) && offset == 0,
                $"A processor finds page {page} elsewhere.");
        }

        Assert.Equal(walk.Entry.IsPresent, guest.Space.PageTable.Walk(address).Value.IsPresent);
    }

    [Fact]
    public void WhenAccessedAndDirtyAreNotSetYetThenTheAccessSetsThemAsAProcessorWould()
    {
        using var guest = new Guest();
        guest.Map(0, 2);
        guest.Cpu.Read<int>(Guest.At(0));
        Assert.True(guest.EntryOf(0) is { IsAccessed: true, IsDirty: false });
        guest.Touch(1, 1);
        Assert.True(guest.EntryOf(1) is { IsAccessed: true, IsDirty: true });

        guest.Advise(1, 1, Advice.Free);
        Assert.True(guest.EntryOf(1) is { IsAccessed: false, IsDirty: false });
        guest.Cpu.Read<int>(Guest.At(1));
        Assert.True(guest.EntryOf(1) is { IsAccessed: true, IsDirty: false });
        guest.Cpu.Write(Guest.At(1), 1);
        Assert.True(guest.EntryOf(1) is { IsAccessed: true, IsDirty: true });
    }

    /// <summary>
    /// v12 needed a classic fault for each table. Here none is classic because one is missing, at whatever level, whatever the area's size and backing; and the
    /// tables are gone with the area.
    /// </summary>
    [Theory]
    [InlineData(1, Guest.Private)]
    [InlineData(TablePages, Guest.Private)]
    [InlineData(TablePages, Guest.Shared)]
    [InlineData(TablePages * TablePages, Guest.Private)]
    [InlineData(TablePages * TablePages, Guest.Shared)]
    [InlineData(1 << 27, Guest.Private)]
    public void WhenTablesAreMissingAtAnyLevelThenNoFaultIsClassic(int stride, MapFlags flags)
    {
        const int Touches = 24;
        int pages = (int)((long)Touches * stride / 4) + 1;
        using var guest = new Guest(frames: 512);
        for (int round = 0; round < 3; round++)
        {
            // Each touch lies one stride further: the same table, another table, another directory, another part of the root.
            guest.Map(0, pages, Protection.ReadWrite, flags | MapFlags.NoReserve);
            for (int i = 0; i < Touches; i++)
            {
                int page = (int)((long)i * stride / 4);
                if ((i & 1) == 0) guest.Touch(page, 1);
                else guest.Cpu.Read<int>(Guest.At(page));
            }

            guest.Unmap(0, pages);
            guest.Space.Graveyard.Release();
            Assert.Equal(1, guest.FramesInUse);
        }

        Assert.Equal((0, 0), (guest[FaultEvent.Classic], guest[FaultEvent.Fallback]));
    }

    /// <summary>No table outlives the areas that it serves, and none goes before: the engine's tables are exactly those that the areas' touched pages need.</summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenAreasComeAndGoThenNoTableOutlivesThem(FaultDesign design)
    {
        const int MostPages = 20;
        Gen<(int, int, int, bool)> step = Gen.Select(s_page, Gen.Int[1, MostPages], Gen.Int[0, 2 * MostPages], Gen.Bool, (p, n, t, m) => (p, n, t, m));
        step.Array[1, 30].Sample(
            steps =>
            {
                using var guest = new Guest(design, frames: 512);
                SortedSet<int> mapped = [], touched = [];
                foreach (var (page, pages, offset, maps) in steps)
                {
                    touched.RemoveWhere(at => at >= page && at < page + pages);
                    if (maps)
                    {
                        guest.Map(page, pages);
                        mapped.UnionWith(Enumerable.Range(page, pages));

                        // Half of them are never touched: what they keep is others' tables.
                        if (offset >= MostPages) continue;
                        int at = page + (offset % pages);
                        guest.Touch(at, 1);
                        touched.Add(at);
                    }
                    else
                    {
                        guest.Unmap(page, pages);
                        mapped.ExceptWith(Enumerable.Range(page, pages));
                    }

                    int tables = HardwareWalker.CountTables(guest.Memory, guest.Space.PageTable.Root);
                    Assert.InRange(tables, TablesFor(touched), TablesFor(mapped));
                    guest.Space.Graveyard.Release();
                    Assert.Equal(tables + touched.Count, guest.FramesInUse);
                    foreach (int at in touched) Assert.Equal(Guest.WordOf(at), guest.Cpu.Read<ulong>(Guest.At(at)));
                }

                guest.Unmap(0, TablePages * TablePages * 2);
                guest.Space.Graveyard.Release();
                Assert.Equal(1, guest.FramesInUse);
            },
            iter: 100);
    }

    /// <summary>The table of level 2 is empty from the first unmap on, and stays for the other area: who removes that finds no table below it.</summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenTheLastAreaUnderATableWasNeverTouchedThenTheTableGoesWithItAllTheSame(FaultDesign design)
    {
        const int OtherGiB = 2 * TablePages * TablePages;
        using var guest = new Guest(design);
        guest.Map(0, 1);
        guest.Map(OtherGiB, 1);
        guest.Touch(0, 1);
        guest.Unmap(0, 1);
        guest.Unmap(OtherGiB, 1);
        guest.Space.Graveyard.Release();
        Assert.Equal(1, guest.FramesInUse);
    }

    /// <summary>The root, and each directory and table on the way to a page.</summary>
    private static int TablesFor(IEnumerable<int> pages)
    {
        HashSet<(int, ulong)> tables = [];
        foreach (int page in pages)
        {
            for (int level = 0; level < 3; level++) tables.Add((level, Guest.At(page) >> (21 + (9 * level))));
        }

        return 1 + tables.Count;
    }

    [Fact]
    public void WhenNeighboursShareATableThenItStaysUntilTheLastIsGone()
    {
        using var guest = new Guest();
        guest.Map(0, 1);
        guest.Map(2, 1);
        guest.Touch(0, 1);
        guest.Touch(2, 1);
        uint frame = guest.FrameOf(2);
        guest.Unmap(0, 1);
        Assert.Equal(frame, guest.FrameOf(2));
        Assert.Equal(4, HardwareWalker.CountTables(guest.Memory, guest.Space.PageTable.Root));
        guest.Unmap(2, 1);
        Assert.Equal(1, HardwareWalker.CountTables(guest.Memory, guest.Space.PageTable.Root));
    }

    [Fact]
    public void WhenNoFrameIsLeftForTheRootThenThereIsNoTable()
    {
        using var memory = new Physical.TestMemory(1);
        uint last = memory.Frames.TryAllocate();
        Assert.Null(PageTable.TryCreate(memory.Memory));
        memory.Frames.Free(last);
    }

    [Fact]
    public void WhenTheReserveIsTooSmallThenInstallSaysSoAndKeepsWhatItInstalled()
    {
        using var memory = new Physical.TestMemory(8);
        PageTable table = PageTable.TryCreate(memory.Memory)!;
        var reserve = new TableReserve();
        Assert.True(table.TryReserve(Guest.Base, 2, graveyard: null, ref reserve));
        table.EnterInstall(Guest.Base);
        Assert.False(table.Install(Guest.Base, ref reserve));
        table.ExitInstall(Guest.Base);
        Assert.Equal(1, table.Walk(Guest.Base).MissingTables);

        Assert.True(table.TryEnsure(Guest.Base, graveyard: null));
        Assert.True(table.Walk(Guest.Base).IsComplete);
        Free(memory.Memory, table);
    }

    [Fact]
    public void WhenFramesRunOutThenAReservationTakesNone()
    {
        using var memory = new Physical.TestMemory(3);
        PageTable table = PageTable.TryCreate(memory.Memory)!;
        var reserve = new TableReserve();
        Assert.False(table.TryReserve(Guest.Base, 3, graveyard: null, ref reserve));
        Assert.False(table.TryEnsure(Guest.Base, graveyard: null));
        Assert.Equal(2, memory.Memory.FreeFrames);
        Assert.Equal(0u, reserve.Take());
        table.Free();
    }

    /// <summary>Three levels, each with one entry.</summary>
    private static void Free(PhysicalMemory memory, PageTable table)
    {
        uint frame = table.Root;
        for (int level = TableLevel.Root; level >= TableLevel.Pte; level--)
        {
            int index = TableLevel.Index(Guest.Base, level);
            uint next = new Pte(BitConverter.ToUInt64(memory.Contents(frame)[(index * 8)..])).Frame;
            memory.Frames.Free(frame);
            frame = next;
        }
    }
}
