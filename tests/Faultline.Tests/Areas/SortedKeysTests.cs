using CsCheck;
using Faultline.Areas;

namespace Faultline.Tests.Areas;

public class SortedKeysTests
{
    [Fact]
    public void WhenKeysAreCountedThenBothFormsAgreeWithAPlainCount() =>
        Gen.Select(Gen.OneOf(Gen.ULong, Gen.ULong[0, 40]).Array[0, 32], Gen.OneOf(Gen.ULong, Gen.ULong[0, 40])).Sample((values, limit) =>
        {
            ulong[] keys = new ulong[32];
            Array.Fill(keys, SortedKeys.Unused);
            values.CopyTo(keys, 0);
            int expected = keys.Count(key => key <= limit);
            Assert.Equal(expected, SortedKeys.CountAtMost(in keys[0], 32, limit));
            Assert.Equal(expected, SortedKeys.CountAtMostPortable(in keys[0], 32, limit));
        });
}
