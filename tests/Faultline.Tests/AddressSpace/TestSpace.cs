using System.Text;
using Faultline.Physical;

namespace Faultline.Tests.Calls;

/// <summary>
/// An address space for one test, seen through a window of pages. Its end checks that the usage agrees with the areas and that all frames came home.
/// </summary>
internal sealed class TestSpace : IDisposable
{
    public const ulong Window = 0x1000_0000_0000;
    public const ulong P = 4096;
    public const int WindowPages = 64;

    public const Protection RW = Protection.ReadWrite;
    public const Protection R = Protection.Read;
    public const MapFlags Private = MapFlags.Private | MapFlags.Fixed;
    public const MapFlags Shared = MapFlags.Shared | MapFlags.Fixed;

    private MemoryAccessor? _accessor;

    public TestSpace(AddressSpaceOptions? options = null, long frames = 2048)
    {
        Memory = new PhysicalMemory(new PhysicalMemoryOptions { CapacityInFrames = frames, PoisonFreedFrames = true });
        Space = new AddressSpace(Memory, options ?? new AddressSpaceOptions { WriterLock = WriterLocks.Draw(FaultDesign.AreaSequence) });
    }

    public PhysicalMemory Memory { get; }

    public AddressSpace Space { get; }

    public MemoryAccessor Accessor => _accessor ??= Space.CreateAccessor();

    public static ulong At(int page) => Window + ((ulong)page * P);

    /// <summary>Maps <paramref name="pages"/> anonymous pages at page <paramref name="at"/> of the window.</summary>
    public ulong Map(int at, int pages, Protection protection = RW, MapFlags flags = Private) =>
        Space.Map(At(at), (ulong)pages * P, protection, flags);

    public Errno TryMap(int at, int pages, Protection protection = RW, MapFlags flags = Private) =>
        Space.TryMap(At(at), (ulong)pages * P, protection, flags, out _);

    public void Unmap(int at, int pages) => Space.Unmap(At(at), (ulong)pages * P);

    public void Protect(int at, int pages, Protection protection) => Space.Protect(At(at), (ulong)pages * P, protection);

    public Errno TryProtect(int at, int pages, Protection protection) => Space.TryProtect(At(at), (ulong)pages * P, protection);

    public Errno TryRemap(int at, int oldPages, int newPages, RemapFlags flags, int to = 0) =>
        Space.TryRemap(At(at), (ulong)oldPages * P, (ulong)newPages * P, flags, At(to), out _);

    public Errno TryAdvise(int at, int pages, Advice advice) => Space.TryAdvise(At(at), (ulong)pages * P, advice);

    /// <summary>Writes to pages, so that they exist and their area has an AnonVma.</summary>
    public void Touch(params int[] pages)
    {
        foreach (int page in pages) Accessor.Write(At(page), (byte)(page + 1));
    }

    public byte Read(int page) => Accessor.Read<byte>(At(page));

    /// <summary>
    /// The window as a strip, one letter a page: <c>A</c> for the first area, <c>B</c> for the second, <c>.</c> for nothing; without what is free at the end.
    /// </summary>
    public string Strip => StripOf(Space);

    public static string StripOf(AddressSpace space)
    {
        var strip = new StringBuilder();
        char letter = 'A';
        foreach (AreaInfo area in Visible(space))
        {
            strip.Append('.', (int)((area.Start - Window) / P) - strip.Length).Append(letter++, (int)(area.Length / P));
        }

        return strip.ToString();
    }

    /// <summary>The rights of the window's areas, in order: <c>rw-p r--p</c>.</summary>
    public string Rights => string.Join(' ', Visible(Space).Select(area =>
        $"{(area.Protection.HasFlag(R) ? 'r' : '-')}{(area.Protection.HasFlag(Protection.Write) ? 'w' : '-')}"
        + $"{(area.Protection.HasFlag(Protection.Execute) ? 'x' : '-')}{(area.IsShared ? 's' : 'p')}"));

    public AreaInfo AreaAt(int page) => Space.ListAreas().Single(area => area.Start <= At(page) && At(page) < area.End);

    public void Dispose()
    {
        AssertUsage(Space);
        _accessor?.Dispose();
        Space.Dispose();
        Frames.AssertAllHome(Memory);
        Memory.Dispose();
    }

    /// <summary>Counts the areas the slow way.</summary>
    public static void AssertUsage(AddressSpace space)
    {
        IReadOnlyList<AreaInfo> areas = space.ListAreas();
        Assert.Equal(areas.Count, space.Areas.Count);
        Assert.Equal((ulong)areas.Count, space.Usage.Areas);
        Assert.Equal(Pages(areas), space.Usage.Total);
        Assert.Equal(Pages(areas.Where(area => Has(area, "lo"))), space.Usage.Locked);
        Assert.Equal(Pages(areas.Where(area => Has(area, "ac"))), space.Usage.Committed);
        Assert.Equal(Pages(areas.Where(area => Has(area, "wr") && !Has(area, "sh") && !Has(area, "gd"))), space.Usage.Data);
    }

    public static bool Has(AreaInfo area, string flag) => area.Flags.Split(' ').Contains(flag);

    private static ulong Pages(IEnumerable<AreaInfo> areas) => areas.Aggregate(0UL, (sum, area) => sum + (area.Length / P));

    private static IEnumerable<AreaInfo> Visible(AddressSpace space) =>
        space.ListAreas().Where(area => area.Start >= Window && area.End <= Window + (WindowPages * P));
}
