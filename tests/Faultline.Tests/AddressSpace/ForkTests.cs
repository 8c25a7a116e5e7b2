using static Faultline.Tests.Calls.TestSpace;

namespace Faultline.Tests.Calls;

public class ForkTests
{
    [Fact]
    public void WhenOneSideWritesThenTheOtherDoesNotSeeIt()
    {
        using var test = new TestSpace();
        test.Map(0, 4);
        test.Touch(0, 1);
        using AddressSpace child = test.Space.Fork();
        using MemoryAccessor accessor = child.CreateAccessor();
        accessor.Write(At(0), (byte)100);
        test.Accessor.Write(At(1), (byte)101);
        accessor.Write(At(2), (byte)102);
        Assert.Equal([1, 101, 0], Enumerable.Range(0, 3).Select(page => (int)test.Read(page)));
        Assert.Equal([100, 2, 102], Enumerable.Range(0, 3).Select(page => (int)accessor.Read<byte>(At(page))));
    }

    [Fact]
    public void WhenAdvisedThenAreasAreLeftOutOrWiped()
    {
        using var test = new TestSpace();
        test.Map(0, 6);
        test.Touch(0, 1, 2, 3, 4, 5);
        test.TryAdvise(1, 2, Advice.DontFork);
        test.TryAdvise(4, 1, Advice.WipeOnFork);
        using AddressSpace child = test.Space.Fork();
        Assert.Equal("A..BCD", StripOf(child));
        using MemoryAccessor accessor = child.CreateAccessor();
        Assert.Equal([1, 4, 0, 6], new[] { 0, 3, 4, 5 }.Select(page => (int)accessor.Read<byte>(At(page))));
        Assert.Equal(5, test.Read(4));
        TestSpace.AssertUsage(child);

        test.TryAdvise(0, 6, Advice.DoFork);
        test.TryAdvise(0, 6, Advice.KeepOnFork);
        Assert.Equal("AAAAAA", test.Strip);
    }

    [Fact]
    public void WhenMemoryIsLockedThenTheChildsIsNot()
    {
        using var test = new TestSpace();
        test.Space.MemoryLockAll(LockAllFlags.Future);
        test.Map(0, 2);
        using AddressSpace child = test.Space.Fork();
        child.Map(At(4), P, RW, Private);
        Assert.DoesNotContain(child.ListAreas(), area => Has(area, "lo"));
        Assert.True(Has(test.AreaAt(0), "lo"));
    }

    [Fact]
    public void WhenTheParentGoesFirstThenTheChildKeepsItsPages()
    {
        using var test = new TestSpace();
        var parent = new AddressSpace(test.Memory);
        parent.Reset(Window);
        parent.Brk(At(2));
        using (MemoryAccessor accessor = parent.CreateAccessor()) accessor.Write(At(1), (byte)9);
        AddressSpace child = parent.Fork();
        parent.Dispose();
        Assert.Equal(At(2), child.Break);
        using (MemoryAccessor accessor = child.CreateAccessor())
        {
            Assert.Equal(9, accessor.Read<byte>(At(1)));
            accessor.Write(At(1), (byte)10);
        }

        child.Dispose();
    }

    [Fact]
    public void WhenNoFrameIsLeftThenTheParentIsAsItWas()
    {
        using var test = new TestSpace(frames: 64);
        test.Map(0, 8);
        test.Touch(0, 7);
        var taken = new List<uint>();
        while (test.Memory.Frames.TryAllocate() is var pfn and not 0) taken.Add(pfn);
        Assert.Equal(Errno.ENOMEM, test.Space.TryFork(out AddressSpace? child));
        test.Memory.Frames.Free(taken[^1]);
        taken.RemoveAt(taken.Count - 1);
        Assert.Equal(Errno.ENOMEM, test.Space.TryFork(out child));
        Assert.Null(child);
        foreach (uint pfn in taken) test.Memory.Frames.Free(pfn);
        Assert.Equal((1, 8), (test.Read(0), test.Read(7)));
        test.Touch(0, 7);
    }

    [Fact]
    public void WhenResetThenNothingIsMappedAndTheHeapIsEmpty()
    {
        using var test = new TestSpace();
        test.Map(0, 8);
        test.Touch(0, 7);
        test.Space.MemoryLockAll(LockAllFlags.Current | LockAllFlags.Future);
        test.Space.Reset(At(2), stackStart: At(5));
        Assert.Empty(test.Space.ListAreas());
        Assert.Equal(At(2), test.Space.Break);
        Assert.Throws<MemoryFaultException>(() => test.Read(0));
        test.Map(5, 1);
        Assert.Equal("[stack]", test.AreaAt(5).Name);
        Assert.False(Has(test.AreaAt(5), "lo"));
    }
}
