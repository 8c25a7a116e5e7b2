using System.Runtime.CompilerServices;
using Faultline.Translation;

namespace Faultline.Tests.Translation;

public class TlbEntryTests
{
    private const ulong SomePage = 0x7f00_1234_5000;

    [Fact]
    public void WhenAnEntryIsMeasuredThenItHasItsSize() => Assert.Equal(TlbEntry.SizeInBytes, Unsafe.SizeOf<TlbEntry>());

    /// <summary>A hit touches nothing beyond the page, whatever the size; a key that is no page is a miss, which is always right.</summary>
    [Fact]
    public void WhenAKeyMatchesAPageThenTheAccessEndsWithinIt()
    {
        AssertHitsStayInside<byte>();
        AssertHitsStayInside<short>();
        AssertHitsStayInside<Bytes3>();
        AssertHitsStayInside<int>();
        AssertHitsStayInside<Bytes12>();
        AssertHitsStayInside<Guid>();
        AssertHitsStayInside<Bytes24>();
        AssertHitsStayInside<Bytes4095>();
        AssertHitsStayInside<Bytes4096>();
        AssertHitsStayInside<Bytes5000>();
        AssertHitsStayInside<Bytes8192>();
    }

    [Fact]
    public void WhenAnAccessIsAlignedToItsSizeThenItCanHit()
    {
        AssertAlignedHits<byte>();
        AssertAlignedHits<short>();
        AssertAlignedHits<int>();
        AssertAlignedHits<long>();
        AssertAlignedHits<Guid>();
    }

    [Fact]
    public void WhenATagIsInvalidThenNoAccessMatchesItNotEvenTheLastByte()
    {
        Assert.NotEqual(TlbEntry.Invalid, TlbEntry.Key<byte>(ulong.MaxValue));
        Assert.NotEqual(TlbEntry.Invalid, TlbEntry.Key<long>(ulong.MaxValue));
        Assert.NotEqual(TlbEntry.Invalid, TlbEntry.Key<Bytes4095>(ulong.MaxValue));
        Assert.NotEqual(TlbEntry.Invalid, TlbEntry.Key<Bytes4096>(ulong.MaxValue));
        Assert.NotEqual(TlbEntry.Invalid, TlbEntry.Key<Bytes5000>(ulong.MaxValue));
        Assert.NotEqual(TlbEntry.Invalid, TlbEntry.Key<Bytes8192>(ulong.MaxValue));
    }

    private static void AssertHitsStayInside<T>()
        where T : unmanaged
    {
        for (int offset = 0; offset < Page.Size; offset++)
        {
            if (TlbEntry.Key<T>(SomePage + (ulong)offset) == SomePage)
                Assert.True(offset + Unsafe.SizeOf<T>() <= Page.Size, $"{typeof(T).Name} at offset {offset} leaves its page on a hit.");
        }
    }

    private static void AssertAlignedHits<T>()
        where T : unmanaged
    {
        for (int offset = 0; offset < Page.Size; offset += Unsafe.SizeOf<T>()) Assert.Equal(SomePage, TlbEntry.Key<T>(SomePage + (ulong)offset));
    }
}
