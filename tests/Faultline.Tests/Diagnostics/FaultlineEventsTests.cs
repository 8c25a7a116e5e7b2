using System.Diagnostics.Tracing;
using Faultline.Diagnostics;

namespace Faultline.Tests.Diagnostics;

/// <summary>Listeners see the faults of all tests that run at the same time: only events of this test's addresses count.</summary>
public class FaultlineEventsTests
{
    // No other test has pages here.
    private const int Page0 = 1 << 27;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void WhenSomebodyListensThenEachEndOfASpeculativePassIsAnEventByItsName(bool sinceBeforeTheSpace)
    {
        using Listener? early = sinceBeforeTheSpace ? new Listener() : null;
        using var guest = new Guest();
        using Listener? late = sinceBeforeTheSpace ? null : new Listener();
        Listener listener = early ?? late!;
        guest.Map(Page0, 4);
        guest.Protect(Page0 + 3, 1, Protection.Read);
        guest.Touch(Page0, 2);
        Guest.SignalOf(() => guest.Cpu.Write(Guest.At(Page0 + 3), 1));
        Guest.SignalOf(() => guest.Cpu.Write(Guest.At(Page0 + 4), 1));
        guest.Space.Areas.Find(Guest.At(Page0))!.BeginChange();
        guest.Touch(Page0 + 2, 1);
        guest.Space.Areas.Find(Guest.At(Page0))!.EndChange();
        Assert.Equal(
            ["spf_vma_noanon", "speculative_pgfault", "speculative_pgfault", "spf_vma_access", "spf_other", "spf_vma_changed", "spf_vma_changed", "spf_vma_changed"],
            listener.Of(Page0, 4).Select(e => e.Name));
        Assert.Equal([(long)Guest.At(Page0), (long)Guest.At(Page0), (long)Guest.At(Page0 + 3)], listener.Of(Page0, 4).First().Fields);
    }

    [Fact]
    public void WhenNobodyListensThenFaultsAllocateNothingAndWhenSomebodyDoesTheSourceDoesNotEither()
    {
        Assert.False(FaultlineEvents.Log.ConstructionException is { } failure, FaultlineEvents.Log.ConstructionException?.Message);
        using var guest = new Guest();
        guest.Map(Page0, 200);
        guest.Touch(Page0, 100);
        long before = GC.GetAllocatedBytesForCurrentThread();
        guest.Touch(Page0 + 100, 100);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    /// <summary>The meter has the same names, whatever the reason.</summary>
    [Fact]
    public void WhenAReasonIsAddedThenItHasAName() =>
        Assert.All(Enum.GetValues<Faultline.Faults.SpeculationAbort>(), reason => Assert.StartsWith("spf_", SpeculationNames.Of(reason), StringComparison.Ordinal));

    private sealed class Listener : EventListener
    {
        private readonly List<(string Name, long[] Fields)> _events = [];

        protected override void OnEventSourceCreated(EventSource source)
        {
            if (source.Name == FaultlineMeter.Name) EnableEvents(source, EventLevel.Verbose);
        }

        protected override void OnEventWritten(EventWrittenEventArgs written)
        {
            lock (_events) _events.Add((written.EventName!, [.. written.Payload!.Cast<long>()]));
        }

        public List<(string Name, long[] Fields)> Of(int page, int pages)
        {
            lock (_events) return [.. _events.Where(e => e.Fields[0] >= (long)Guest.At(page) && e.Fields[0] <= (long)Guest.At(page + pages))];
        }
    }
}
