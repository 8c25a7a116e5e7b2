namespace Faultline.Tests;

public class SmokeTests
{
    [Fact]
    public void SyncWordsHoldWhatWasStored()
    {
        var word = new Sync.Word64(3);
        Assert.Equal(3UL, word.CompareExchange(5, 3));
        Assert.Equal(5UL, word.LoadAcquire());
    }
}
