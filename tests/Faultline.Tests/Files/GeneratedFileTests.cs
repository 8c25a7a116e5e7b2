using System.Buffers.Binary;
using CsCheck;
using Faultline.Files;
using Faultline.Physical;
using Faultline.Tests.Physical;

namespace Faultline.Tests.Files;

public class GeneratedFileTests
{
    private static readonly Gen<FileIdentity> s_identity =
        Gen.Select(Gen.UInt, Gen.UInt, Gen.ULong).Select((major, minor, inode) => new FileIdentity(major, minor, inode));

    [Fact]
    public void ContentsDependOnIdentityAndPageOnly() =>
        Gen.Select(s_identity, Gen.ULong[0, ulong.MaxValue >> 12], Gen.Int[0, 511]).Sample((identity, index, word) =>
        {
            using var test = new TestMemory(2);
            byte[] first = ReadPage(test.Memory, "/a", identity, index, length: null);
            byte[] second = ReadPage(test.Memory, "/b", identity, index, length: null);
            Assert.Equal(first, second);
            ulong expected = GeneratedFile.WordAt(identity, index, word);
            Assert.Equal(expected, BinaryPrimitives.ReadUInt64LittleEndian(first.AsSpan(word * sizeof(ulong))));
        });

    [Fact]
    public void ATruncatedFileHasTheBeginningOfTheSameContents() =>
        Gen.Select(s_identity, Gen.Int[1, 4095]).Sample((identity, length) =>
        {
            using var test = new TestMemory(2);
            byte[] whole = ReadPage(test.Memory, "/a", identity, 0, length: null);
            byte[] part = ReadPage(test.Memory, "/a", identity, 0, (ulong)length);
            Assert.Equal(whole[..length], part[..length]);
            Assert.False(part.AsSpan(length).ContainsAnyExcept((byte)0));
        });

    [Fact]
    public void NoTwoPagesAreAlike()
    {
        HashSet<ulong> seeds = [];
        for (uint inode = 0; inode < 100; inode++)
        {
            for (ulong page = 0; page < 100; page++) Assert.True(seeds.Add(GeneratedFile.WordAt(new FileIdentity(8, 2, inode), page, 0)));
        }
    }

    private static byte[] ReadPage(PhysicalMemory memory, string name, FileIdentity identity, ulong index, ulong? length)
    {
        using var file = new GeneratedFile(memory, name, identity, length);
        Assert.Equal(FileResult.Ok, file.Cache.GetOrRead(index, out uint pfn));
        byte[] contents = memory.Contents(pfn).ToArray();
        memory.Release(pfn);
        return contents;
    }
}
