using CsCheck;

namespace Faultline.Differential.Programs;

/// <summary>Random programs. Most addresses lie close together, so that areas meet, split and merge; most calls are valid, so that something is there.</summary>
internal static class ProgramGenerator
{
    private const int MaximumSteps = 60;
    private const int LargePages = 512;
    private const int DataLimit = 2, StackLimit = 3, LockLimit = 8, SpaceLimit = 9;
    private const int UnknownAdvice = 26;

    private static readonly int[] s_mapFlags =
    [
        0x12, 0x12, 0x12, 0x12, 0x12, 0x02, 0x02, 0x02, 0x11, 0x11, 0x01, 0x4012, 0x112, 0x102, 0x20012, 0x2012, 0x10_0002, 0x10_0001, 0x8012, 0x8002,
        0x8011, 0x1_8012, 0x42, 0x52, 0x13, 0x10,
    ];

    private static readonly Gen<int> s_rights = Gen.Frequency((6, Gen.Const(3)), (2, Gen.Const(1)), (1, Gen.Const(0)), (2, Gen.Int[0, 7]));

    private static readonly Gen<int> s_advice = Gen.Frequency(
        (4, Gen.Const((int)Advice.DontNeed)), (1, Gen.Const((int)Advice.Free)), (1, Gen.Const((int)Advice.WipeOnFork)), (1, Gen.Const((int)Advice.DontFork)),
        (2, Gen.OneOf((int)Advice.PopulateRead, (int)Advice.PopulateWrite)), (8, Gen.Int[0, 24]), (1, Gen.Const(UnknownAdvice)));

    private static readonly Gen<int> s_stray = Gen.Frequency((40, Gen.Const(0)), (1, Gen.Int[1, 4095]));

    private static readonly Gen<Place> s_place = Gen.Frequency(
        (20, Gen.Int[0, 11].Select(page => (Region.Window, page))),
        (5, Gen.Int[12, 40].Select(page => (Region.Window, page))),
        (4, Gen.Int[-10, -1].Select(page => (Region.Top, page))),
        (3, Gen.Int[0, 8].Select(page => (Region.Heap, page))),
        (1, Gen.Int[0, 4].Select(page => (Region.Low, page))))
        .Select(s_stray, (place, stray) => new Place(place.Item1, place.page, stray));

    private static readonly Gen<Extent> s_extent = Gen.Frequency(
        (12, Gen.Int[1, 3].Select(pages => (ulong)pages)),
        (12, Gen.Int[1, 8].Select(pages => (ulong)pages)),
        (1, Gen.Const(0UL)),
        (1, Gen.OneOf((ulong)LargePages, (2 * LargePages) - 2UL)),
        (1, Gen.OneOf(1UL << 35, (1UL << 52) - 1)))
        .Select(s_stray, (pages, stray) => new Extent(pages, stray));

    private static readonly Gen<Place> s_target = Gen.Frequency((6, s_place), (1, Gen.Const(default(Place))));

    // Where a heap may end. Not in the low region: that would be a heap of a GiB, and populating it takes more memory than a test should.
    private static readonly Gen<Place> s_heapEnd = s_target.Select(Gen.Int[0, 12], (at, page) =>
        at.Byte > 0 && at.Region != Region.Low ? at : new Place(Region.Heap, page, 0));

    // A value for the first or the last byte of the page.
    private static readonly Gen<(Place At, int Value)> s_write = Gen.Select(s_place, Gen.Int[0, 255], Gen.Bool, (place, value, last) =>
        (last ? place with { Byte = 4095 } : place, value));

    // What files are mapped with: kinds of maps, and what a file cannot take.
    private static readonly int[] s_fileFlags =
    [
        0x11, 0x11, 0x11, 0x12, 0x12, 0x12, 0x01, 0x02, 0x13, 0x2012, 0x2011, 0x8012, 0x8011, 0x1_8012, 0x4012, 0x112, 0x10_0002, 0x10_0001, 0x41,
    ];

    private static readonly Gen<TestFile> s_file = Gen.Frequency((5, Gen.Const(TestFile.Growing)), (1, Gen.Const(TestFile.ReadOnly)));

    // What is only written never is mapped.
    private static readonly Gen<TestFile> s_mappedFile = Gen.Frequency((20, s_file), (1, Gen.Const(TestFile.WriteOnly)));

    private static readonly Gen<Extent> s_offset = Gen.Frequency(
        (8, Gen.Const(0UL)), (12, Gen.Int[0, 8].Select(pages => (ulong)pages)), (1, Gen.OneOf(1UL << 35, 1UL << 51, (1UL << 52) - 1)))
        .Select(s_stray, (pages, stray) => new Extent(pages, stray));

    // Within the file's first pages, and often not at the end of one.
    private static readonly Gen<Extent> s_filePlace = Gen.Select(Gen.Int[0, 9], Gen.Frequency((2, Gen.Const(0)), (1, Gen.Const(4095)), (2, Gen.Int[1, 4095])))
        .Select((page, stray) => new Extent((ulong)page, stray));

    private static readonly Gen<int> s_sync = Gen.Frequency((3, Gen.OneOf(0, 1, 2, 3, 4, 6)), (1, Gen.Int[0, 8]));

    private static readonly Gen<Step> s_call = Gen.Frequency(
        (24, Gen.Select(s_target, s_extent, s_rights, Gen.OneOf(s_mapFlags)).Select(
            (at, length, rights, flags) => Empty(Call.Map) with { At = at, Length = length, Bits = rights, Flags = flags })),
        (12, Gen.Select(s_target, s_extent, s_rights, Gen.OneOf(s_fileFlags), s_mappedFile, s_offset).Select((at, length, rights, flags, file, offset) =>
            Empty(Call.Map) with { At = at, Length = length, Bits = rights, Flags = flags, File = file, Offset = offset })),
        (5, Gen.Select(s_filePlace, s_file).Select((length, file) => Empty(Call.Truncate) with { Length = length, File = file })),
        (2, Gen.Select(s_filePlace, s_file).Select((offset, file) => Empty(Call.FileRead) with { Offset = offset, File = file })),
        (2, Gen.Select(s_filePlace, s_file, Gen.Int[0, 255]).Select((offset, file, value) =>
            Empty(Call.FileWrite) with { Offset = offset, File = file, Bits = value })),
        (3, Gen.Select(s_place, s_extent, s_sync).Select((at, length, flags) => Empty(Call.Sync) with { At = at, Length = length, Flags = flags })),
        (6, Gen.Select(s_place, s_extent).Select((at, length) => Empty(Call.Unmap) with { At = at, Length = length })),
        (13, Gen.Select(s_place, s_extent, Gen.Frequency((30, s_rights), (1, s_rights.Select(rights => rights | (int)Protection.GrowsDown)))).Select(
            (at, length, rights) => Empty(Call.Protect) with { At = at, Length = length, Bits = rights })),
        (16, Gen.Select(s_place, s_extent, s_extent, s_target, Gen.Int[0, 8], Gen.Bool).Select((at, length, newLength, to, flags, same) =>
            Empty(Call.Remap) with { At = at, Length = length, NewLength = same ? length : newLength, To = to, Flags = flags })),
        (9, Gen.Select(s_place, s_extent, s_advice).Select((at, length, advice) => Empty(Call.Advise) with { At = at, Length = length, Bits = advice })),
        (2, Gen.Select(s_place, s_extent, Gen.Int[0, 1]).Select((at, length, onFault) => Empty(Call.Lock) with { At = at, Length = length, Bits = onFault })),
        (2, Gen.Select(s_place, s_extent).Select((at, length) => Empty(Call.Unlock) with { At = at, Length = length })),
        (2, Gen.Select(s_place, s_extent).Select((at, length) => Empty(Call.Core) with { At = at, Length = length })),
        (1, Gen.Frequency((2, Gen.Const(Empty(Call.UnlockAll))), (1, Gen.Int[0, 8].Select(what => Empty(Call.LockAll) with { Bits = what })))),
        (1, Gen.Select(Gen.OneOf(DataLimit, StackLimit, LockLimit, SpaceLimit), Gen.Int[0, 40], s_stray, (limit, pages, stray) =>
            Empty(Call.Limit) with { Bits = limit, Length = new Extent((ulong)pages, stray) })),
        (5, s_heapEnd.Select(at => Empty(Call.Brk) with { At = at })),
        (3, Gen.Const(Empty(Call.Fork))),
        (1, Gen.Const(Empty(Call.Exit))),
        (6, s_place.Select(at => Empty(Call.Read) with { At = at })),
        (3, s_place.Select(at => Empty(Call.Execute) with { At = at with { Byte = 0 } })),
        (20, s_write.Select(write => Empty(Call.Write) with { At = write.At, Bits = write.Value })));

    public static Gen<CallProgram> Programs { get; } =
        from design in Gen.OneOf(FaultDesign.AreaSequence, FaultDesign.Classic)
        from isPrivileged in Gen.Bool
        from steps in Gen.Select(s_call, Gen.Int[0, 3], (step, process) => step with { Process = process }).Array[1, MaximumSteps]
        select new CallProgram(design, steps, isPrivileged);

    private static Step Empty(Call call) => new(call, 0, default, default, default, default, 0, 0);
}
