using Faultline.Differential.Host;
using Faultline.Differential.Programs;

namespace Faultline.Differential;

/// <summary>
/// A process with as many areas as the host admits (<c>vm.max_map_count</c>): each step's result is compared, and the areas at the end by their
/// lines in <c>maps</c>. <c>smaps</c> after each step would take minutes.
/// </summary>
/// <remarks>
/// The window's pages below <c>w0</c> are filled with areas of a page:
/// <code>
///   …   w-4  w-3  w-2  w-1  w0 w1 w2
///   …   r--  ---  r--  ---  rw-rw-rw-     5, then 4 areas less than the limit
/// </code>
/// </remarks>
public class MapCountTests
{
    private const int Left = 5;

    private static readonly (string Step, string Result)[] s_program =
    [
        ("map p0 at=w0 len=3 bits=3 flags=0x12", "w0"),

        // 4 left. A move to a place wants room for all that it might split, also if it splits nothing.
        ("remap p0 at=w0 len=3 new=3 to=w8 flags=3", "ENOMEM"),
        ("remap p0 at=w2 len=1 new=4 flags=1", "w2"),
        ("map p0 at=w16 len=1 flags=0x12", "w16"),

        // 3 left. As is a move to any place.
        ("remap p0 at=w0 len=1 new=4 flags=1", "ENOMEM"),
        ("map p0 at=w18 len=1 flags=0x12", "w18"),
        ("map p0 at=w20 len=1 flags=0x12", "w20"),

        // 1 left. The split below is made, and stays, the one above is refused.
        ("protect p0 at=w1 len=1 bits=1", "ENOMEM"),

        // 0 left. What removes an area is admitted, and a map may pass the limit by one.
        ("unmap p0 at=w20 len=1", "ok"),
        ("map p0 at=w20 len=3 bits=3 flags=0x12", "w20"),
        ("map p0 at=w24 len=3 bits=3 flags=0x12", "w24"),
        ("unmap p0 at=w21 len=1", "ENOMEM"),
        ("map p0 at=w21 len=1 bits=1 flags=0x12", "ENOMEM"),
        ("protect p0 at=w20 len=1 bits=1", "ENOMEM"),
        ("advise p0 at=w20 len=1 bits=10", "EAGAIN"),
        ("lock p0 at=w20 len=1", "ENOMEM"),
        ("brk p0 at=h1", "h0"),
        ("map p0 len=1 bits=3 flags=0x2", "ENOMEM"),

        // Also a map that would merge is refused.
        ("map p0 at=w27 len=1 bits=3 flags=0x12", "ENOMEM"),
        ("protect p0 at=w20 len=3 bits=1", "ok"),
        ("unmap p0 at=w18 len=1", "ok"),
        ("unmap p0 at=w20 len=1", "ok"),

        // Areas that merge make room, two at a time.
        ("protect p0 at=w-3 len=1 bits=1", "ok"),
        ("unmap p0 at=w25 len=1", "ok"),
        ("brk p0 at=h1", "h1"),
        ("map p0 at=w30 len=1 bits=3 flags=0x12", "w30"),
        ("map p0 at=w34 len=1 bits=3 flags=0x12", "ENOMEM"),
    ];

    [Fact]
    public void WhenAllAreasAreUsedThenCallsThatNeedMoreAreRefusedAndThoseThatMergeMakeRoom()
    {
        using LockStep lockStep = Suite.StartOrSkip();
        int filled = HostRules.MaximumAreas - HostProgram.Areas - Left;
        foreach (FaultDesign design in Enum.GetValues<FaultDesign>())
        {
            var results = new List<string>();
            string[] steps = [$"fill p0 at=w-{filled} len={filled}", .. s_program.Select(line => line.Step)];
            lockStep.MustAgreeByResults(CallProgram.Parse(steps) with { Design = design }, results);
            Assert.Equal(["ok", .. s_program.Select(line => line.Result)], results);
        }
    }
}
