using Faultline.Files;
using static Faultline.Tests.Calls.TestSpace;

namespace Faultline.Tests.Calls;

public class FileMapTests
{
    [Theory]
    [InlineData(FileAccess.Read, Protection.ReadWrite, MapFlags.Shared, Errno.EACCES)]
    [InlineData(FileAccess.Read, Protection.Read, MapFlags.Shared, Errno.None)]
    [InlineData(FileAccess.Read, Protection.ReadWrite, MapFlags.SharedValidate, Errno.EACCES)]
    [InlineData(FileAccess.Read, Protection.ReadWrite, MapFlags.Private, Errno.None)]
    [InlineData(FileAccess.Write, Protection.None, MapFlags.Private, Errno.EACCES)]
    [InlineData(FileAccess.Write, Protection.Write, MapFlags.Shared, Errno.EACCES)]
    [InlineData(FileAccess.ReadWrite, Protection.ReadWrite, MapFlags.Shared, Errno.None)]
    public void TheOpenModeDecidesWhatMayBeMapped(FileAccess access, Protection protection, MapFlags flags, Errno expected)
    {
        using var test = new TestSpace();
        using var file = new MemoryFile(test.Memory, length: P, access: access);
        Assert.Equal(expected, test.Space.TryMap(At(0), P, protection, flags | MapFlags.Fixed, file, 0, out _));
    }

    [Fact]
    public void WhatMayNotBeMappedWritableMayNotBecomeSo()
    {
        using var test = new TestSpace();
        using var file = new MemoryFile(test.Memory, length: P, access: FileAccess.Read);
        test.Space.Map(At(0), P, R, Shared, file, 0);
        test.Space.Map(At(1), P, R, Private, file, 0);
        Assert.Equal("rd mr me ms", test.AreaAt(0).Flags);
        Assert.Equal(Errno.EACCES, test.TryProtect(0, 1, RW));
        Assert.Equal(Errno.None, test.TryProtect(1, 1, RW));
        Assert.Equal(Errno.EACCES, test.TryAdvise(0, 1, Advice.Remove));
        Assert.Throws<NotSupportedException>(() => file.Write(0, [1]));
        Assert.Throws<NotSupportedException>(() => file.SetLength(0));
    }

    [Fact]
    public void WhenASessionIsOpenThenCallsThatUnmapThrow()
    {
        using var test = new TestSpace();
        using var file = new MemoryFile(test.Memory, length: P);
        using MemoryAccessor.Session session = test.Accessor.OpenSession();
        Assert.Throws<InvalidOperationException>(() => file.SetLength(0));
    }
}
