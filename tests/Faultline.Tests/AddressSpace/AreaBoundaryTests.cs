using CsCheck;
using Faultline.Files;
using static Faultline.Tests.Calls.TestSpace;

namespace Faultline.Tests.Calls;

/// <summary>Why two neighbours are not one area: what is said, and that it is what happens.</summary>
public class AreaBoundaryTests
{
    private const int Pages = 10;

    private enum Step
    {
        Map,
        MapShared,
        MapUncounted,
        MapFile,
        Unmap,
        ReadOnly,
        ReadWrite,
        Write,
        WriteAgain,
        Move,
        MoveAndLeave,
        Lock,
        Sequential,
        Fork,
    }

    [Fact]
    public void WhenRightsDifferThenTheyAreNamed()
    {
        using var test = new TestSpace();
        test.Map(0, 2, Protection.None);
        test.Map(2, 1, Protection.Read | Protection.Execute);
        Says(test, MergeObstacles.Rights, "rights (--- and r-x)");
    }

    [Fact]
    public void WhenRightsBringAFlagThenBothAreNamed()
    {
        using var test = new TestSpace();
        test.Map(0, 2, R);
        test.Protect(1, 1, RW);
        Says(test, MergeObstacles.Rights | MergeObstacles.Flags, "rights (r-- and rw-), flags (only the second has ac)");
    }

    [Fact]
    public void WhenFlagsDifferThenTheirLettersAreNamed()
    {
        using var test = new TestSpace();
        test.Map(0, 1);
        test.Map(1, 1, flags: Private | MapFlags.NoReserve);
        Says(test, MergeObstacles.Flags, "flags (only the first has ac; only the second has nr)");
    }

    [Fact]
    public void WhenObjectsDifferThenTheyAreNamed()
    {
        using var test = new TestSpace();
        using var file = new GeneratedFile(test.Memory, "/data", new FileIdentity(8, 1, 7), length: null);
        test.Space.Map(At(0), P, R, Private, file, 0);
        test.Map(1, 1, R);
        Says(test, MergeObstacles.Object, "object (/data and anonymous)");
    }

    [Fact]
    public void WhenAFileIsNotContinuedThenTheOffsetsAreNamed()
    {
        using var test = new TestSpace();
        using var file = new GeneratedFile(test.Memory, "/data", new FileIdentity(8, 1, 7), length: null);
        test.Space.Map(At(0), P, R, Private, file, 0x3000);
        test.Space.Map(At(1), P, R, Private, file, 0x8000);
        Says(test, MergeObstacles.Offset, "offset (0x8000, not 0x4000)");
    }

    [Fact]
    public void WhenWrittenMemoryWasMovedThenItKeepsItsOffset()
    {
        using var test = new TestSpace();
        test.Map(0, 1);
        test.Map(5, 1);
        test.Touch(5);
        Assert.Equal(Errno.None, test.TryRemap(5, 1, 1, RemapFlags.MayMove | RemapFlags.Fixed, 1));
        Says(test, MergeObstacles.Offset, "offset (one was moved after its first write)");
    }

    [Fact]
    public void WhenBothWereWrittenApartThenTheAnonVmasDiffer()
    {
        using var test = new TestSpace();
        test.Map(0, 1);
        test.Map(2, 1);
        test.Touch(0, 2);
        test.Map(1, 1);
        Says(test, MergeObstacles.AnonVma, "AnonVma (each was first written apart from the other)");
    }

    [Fact]
    public void WhenAnAnonVmaComesFromAForkThenAnUnwrittenNeighbourDoesNotTakeItOver()
    {
        using var test = new TestSpace();
        test.Map(0, 1);
        test.Touch(0);
        using AddressSpace child = test.Space.Fork();
        child.Map(At(1), P, RW, Private | MapFlags.Anonymous);
        AreaBoundary boundary = Assert.Single(child.ListBoundaries());
        Assert.Equal(MergeObstacles.ForkedAnonVma, boundary.Obstacles);
        Assert.Equal("AnonVma (one comes from a fork, the other was never written)", boundary.Explanation);
    }

    [Fact]
    public void WhenRawFramesAreMappedThenTheyNeverMerge()
    {
        using var test = new TestSpace();
        using var device = new DeviceMemory(test.Memory, "/dev/frames", new FileIdentity(0, 1, 1), frames: 4);
        test.Space.Map(At(0), P, R, Shared, device, 0);
        test.Space.Map(At(1), P, R, Shared, device, P);
        Says(test, MergeObstacles.RawFrames, "raw frames (areas of device memory never merge)");
    }

    [Fact]
    public void WhenDifferentHandlersServeTheFaultsThenTheyNeverMerge()
    {
        using var test = new TestSpace();
        test.Map(0, 2);
        foreach (int page in new[] { 0, 1 }) test.Space.TryRegisterUserFault(At(page), P, new TestHandler(_ => false), UserFaultModes.Missing);
        Says(test, MergeObstacles.Handler, "handler (their faults are served by different handlers)");
    }

    [Fact]
    public void WhenAreasAreApartThenThereIsNoBoundary()
    {
        using var test = new TestSpace();
        test.Map(0, 1);
        test.Map(2, 1);
        Assert.Empty(test.Space.ListBoundaries());
        Assert.Equal(test.Space.Maps(), test.Space.ExplainMaps());
    }

    [Fact]
    public void WhenMapsAreExplainedThenEachBoundaryHasALine()
    {
        using var test = new TestSpace();
        test.Map(0, 1, R);
        test.Map(1, 1, Protection.None);
        test.Map(3, 1);
        Assert.Equal(
            """
            100000000000-100000001000 r--p 00000000 00:00 0 
              | rights (r-- and ---)
            100000001000-100000002000 ---p 00000000 00:00 0 
            100000003000-100000004000 rw-p 00000000 00:00 0 

            """.ReplaceLineEndings("\n"),
            test.Space.ExplainMaps());
    }

    /// <summary>
    /// Takes the rights of one neighbour away and gives them back: Linux looks at the boundary again, and nothing else is different. The two are one
    /// then if and only if nothing was said to keep them apart.
    /// </summary>
    [Fact]
    public void WhenACallLooksAtABoundaryAgainThenItMergesExactlyWhereNoObstacleIsNamed()
    {
        Gen<(Step Step, int At, int Length)[]> programs = Gen.Select(
            Gen.Int[0, (int)Step.Fork].Select(step => (Step)step), Gen.Int[0, Pages - 1], Gen.Int[1, 4]).Array[1, 30];
        programs.Sample(program =>
        {
            using var test = new TestSpace();
            using var file = new GeneratedFile(test.Memory, "/data", new FileIdentity(8, 1, 7), length: null);
            var spaces = new Stack<AddressSpace>([test.Space]);
            try
            {
                foreach ((Step step, int at, int length) in program) Do(spaces, file, step, at, Math.Min(length, Pages - at));
                foreach (ulong address in spaces.Peek().ListBoundaries().Select(boundary => boundary.Address).ToArray()) LookAgain(spaces.Peek(), address);
            }
            finally
            {
                // Else frames that are not home would be all that a failure says.
                while (spaces.Count > 1) spaces.Pop().Dispose();
            }
        }, iter: 3000);
    }

    private static void Do(Stack<AddressSpace> spaces, VmFile file, Step step, int at, int length)
    {
        AddressSpace space = spaces.Peek();
        ulong start = At(at), bytes = (ulong)length * P;
        switch (step)
        {
            case Step.Map:
                space.Map(start, bytes, RW, Private);
                break;
            case Step.MapShared:
                space.Map(start, bytes, RW, Shared);
                break;
            case Step.MapUncounted:
                space.Map(start, bytes, RW, Private | MapFlags.NoReserve);
                break;
            case Step.MapFile:
                space.Map(start, bytes, RW, Private, file, start);
                break;
            case Step.Unmap:
                space.Unmap(start, bytes);
                break;
            case Step.ReadOnly or Step.ReadWrite:
                space.TryProtect(start, bytes, step == Step.ReadOnly ? R : RW);
                break;
            case Step.Write or Step.WriteAgain when space.ListAreas().Any(area => area.Start <= start && start < area.End && area.Protection == RW):
                using (MemoryAccessor accessor = space.CreateAccessor()) accessor.Write<byte>(start, 1);
                break;
            case Step.Move:
                space.TryRemap(start, bytes, bytes, RemapFlags.MayMove | RemapFlags.Fixed, At(Pages - at), out _);
                break;
            case Step.MoveAndLeave:
                space.TryRemap(start, bytes, bytes, RemapFlags.MayMove | RemapFlags.Fixed | RemapFlags.DontUnmap, At(Pages - at), out _);
                break;
            case Step.Lock:
                space.TryMemoryLock(start, bytes, onFault: true);
                break;
            case Step.Sequential:
                space.TryAdvise(start, bytes, Advice.Sequential);
                break;
            case Step.Fork when spaces.Count < 3:
                spaces.Push(space.Fork());
                break;
        }
    }

    private static void LookAgain(AddressSpace space, ulong address)
    {
        // An earlier look may have moved it.
        if (space.ListBoundaries().SingleOrDefault(boundary => boundary.Address == address) is not { } before) return;
        Protection rights = before.Above.Protection;
        space.Protect(address, before.Above.Length, Protection.None);
        AreaInfo without = space.ListAreas().Single(area => area.Start <= address && address < area.End);
        bool isAlone = without.Start == address && without.Length == before.Above.Length;

        // An area that may not be written and has no AnonVma, as MREMAP_DONTUNMAP leaves it, is no longer counted once mprotect has seen it: then something else is different.
        bool isCountedStill = Has(without, "ac") == Has(before.Above, "ac") || rights.HasFlag(Protection.Write);
        space.Protect(address, before.Above.Length, rights);
        if (!isAlone || !isCountedStill) return;
        bool isOne = space.ListAreas().Single(area => area.Start <= address && address < area.End).Start < address;
        Assert.True(isOne == (before.Obstacles == MergeObstacles.None), $"{before.Explanation}, and they are {(isOne ? "one" : "two")}");
    }

    private static void Says(TestSpace test, MergeObstacles obstacles, string explanation)
    {
        AreaBoundary boundary = Assert.Single(test.Space.ListBoundaries());
        Assert.Equal((obstacles, explanation), (boundary.Obstacles, boundary.Explanation));
    }
}
