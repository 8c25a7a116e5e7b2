using static Faultline.Tests.Calls.TestSpace;

namespace Faultline.Tests.Calls;

public class UnmapTests
{
    [Theory]
    [InlineData(Window, 0, Errno.EINVAL)]
    [InlineData(Window + 1, P, Errno.EINVAL)]
    [InlineData(1UL << 47, P, Errno.EINVAL)]
    [InlineData(Window, 1UL << 47, Errno.EINVAL)]
    [InlineData(0x7fff_ffff_e000, 2 * P, Errno.EINVAL)]
    [InlineData(Window, ulong.MaxValue, Errno.EINVAL)]
    [InlineData(Window + (20 * P), P, Errno.None)]
    public void WhenTheRangeIsWrongThenLinuxsErrorIsReturned(ulong address, ulong length, Errno expected)
    {
        using var test = new TestSpace();
        test.Map(0, 2);
        Assert.Equal(expected, test.Space.TryUnmap(address, length));
        Assert.Equal("AA", test.Strip);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void WhenARangeIsUnmappedThenItsPagesAreGoneAndTheRestKeepsItsOwn(bool downgrade)
    {
        using var test = new TestSpace(new AddressSpaceOptions { DowngradeOnUnmap = downgrade });
        test.Map(0, 3);
        test.Map(5, 3);
        test.Touch(0, 1, 2, 5, 6, 7);
        test.Unmap(2, 4);
        Assert.Equal("AA....BB", test.Strip);
        Assert.Equal([1, 2, 7, 8], new[] { 0, 1, 6, 7 }.Select(page => (int)test.Read(page)));
        Assert.Equal(FaultSignal.NotMapped, Assert.Throws<MemoryFaultException>(() => test.Read(5)).Signal);
        test.Map(2, 4);
        Assert.Equal((0, 0), (test.Read(2), test.Read(5)));
    }

    [Fact]
    public void WhenTheLengthIsOddThenWholePagesGo()
    {
        using var test = new TestSpace();
        test.Map(0, 3);
        test.Space.Unmap(Window, P + 1);
        Assert.Equal("..A", test.Strip);
    }

    [Fact]
    public void WhenTheMapCountIsReachedThenNoHoleCanBeMadeButAnEndCanGo()
    {
        using var test = new TestSpace(new AddressSpaceOptions { MaximumAreas = 2 });
        test.Map(0, 3);
        test.Map(4, 3);
        Assert.Equal(Errno.ENOMEM, test.Space.TryUnmap(At(1), P));
        Assert.Equal("AAA.BBB", test.Strip);
        test.Unmap(2, 3);
        Assert.Equal("AA...BB", test.Strip);
    }

    [Fact]
    public void WhenTheHighestAddressesAreUnmappedThenTheirTablesGoHome()
    {
        using var test = new TestSpace();
        long free = test.Memory.FreeFrames;
        ulong mapped = test.Space.Map(0x7fff_ffff_e000, P, RW, MapFlags.Private | MapFlags.Fixed);
        test.Accessor.Write(mapped, 1);
        test.Space.Unmap(mapped, P);
        test.Space.Graveyard.Release();
        test.Accessor.Dispose();
        Assert.Equal(free, test.Memory.FreeFrames);
    }
}
