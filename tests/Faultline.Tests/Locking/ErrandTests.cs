using Faultline.Locking;

namespace Faultline.Tests.Locking;

/// <summary>Who has what an errand and its waiter have in common.</summary>
public class ErrandTests
{
    /// <summary>Else the pages of a read that was never begun would stay locked.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void WhenTheHostHasNoThreadThenTheWaiterDoesTheWorkItself(bool isKilled)
    {
        var signal = new FatalSignal();
        if (isKilled) signal.Send();
        var errand = new TestErrand { HasNoThread = true };
        Assert.True(errand.TryRun("test", signal));
        Assert.Equal((Environment.CurrentManagedThreadId, 0), (errand.WorkedOn, errand.GivenBack));
    }

    [Fact]
    public void WhenTheWorkThrowsThenTheWaiterGetsItWhoeverDidTheWork()
    {
        foreach (bool hasNoThread in new[] { false, true })
        {
            var errand = new TestErrand { HasNoThread = hasNoThread, Throws = true };
            Assert.Throws<InvalidOperationException>(() => errand.TryRun("test", new FatalSignal()));
            Assert.Equal(0, errand.GivenBack);
        }
    }

    [Fact]
    public void WhenTheWaiterIsKilledThenTheErrandGivesBackOnceItIsDone()
    {
        using var answer = new ManualResetEventSlim();
        var signal = new FatalSignal();
        var errand = new TestErrand { BeforeWork = () => answer.Wait(TestContext.Current.CancellationToken) };
        LockThread waiter = LockThread.StartAndPark(() => Assert.False(errand.TryRun("test", signal)));
        signal.Send();
        waiter.Join();
        Assert.Equal(0, errand.GivenBack);
        answer.Set();
        Wait.Until(() => errand.GivenBack == 1, "nothing was given back");
    }

    private sealed class TestErrand : Errand
    {
        private volatile int _givenBack;

        public bool HasNoThread { get; init; }

        public bool Throws { get; init; }

        public Action? BeforeWork { get; init; }

        public int WorkedOn { get; private set; }

        public int GivenBack => _givenBack;

        protected override void Start(string name)
        {
            if (HasNoThread) throw new OutOfMemoryException("The test's host has no thread.");
            base.Start(name);
        }

        protected override void Work()
        {
            BeforeWork?.Invoke();
            if (Throws) throw new InvalidOperationException("The test's work fails.");
            WorkedOn = Environment.CurrentManagedThreadId;
        }

        protected override void GiveBack() => _givenBack++;
    }
}
