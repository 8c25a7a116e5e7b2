namespace Faultline.Cli.Tests;

public class InterruptsTests
{
    [Fact]
    public void WhenTheFirstIsTakenThenOnlyTheSecondCancels()
    {
        using var interrupts = new Interrupts();
        using var first = new CancellationTokenSource();
        using (interrupts.TakeFirst(first))
        {
            Assert.True(interrupts.Raise());
            Assert.Equal((true, false), (first.IsCancellationRequested, interrupts.Cancellation.IsCancellationRequested));
            Assert.True(interrupts.Raise());
            Assert.True(interrupts.Cancellation.IsCancellationRequested);
        }
    }

    [Fact]
    public void WhenTheVerbDoesNotEndThenTheNextOneIsLeftToTheSystem()
    {
        using var interrupts = new Interrupts();
        Assert.Equal((true, false), (interrupts.Raise(), interrupts.Raise()));
    }

    [Fact]
    public void WhenItIsGivenBackThenTheFirstCancels()
    {
        using var interrupts = new Interrupts();
        using var first = new CancellationTokenSource();
        interrupts.TakeFirst(first).Dispose();
        interrupts.Raise();
        Assert.Equal((false, true), (first.IsCancellationRequested, interrupts.Cancellation.IsCancellationRequested));
    }
}
