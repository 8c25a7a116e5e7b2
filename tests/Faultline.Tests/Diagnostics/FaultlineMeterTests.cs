using System.Diagnostics.Metrics;
using Faultline.Diagnostics;

namespace Faultline.Tests.Diagnostics;

public class FaultlineMeterTests
{
    /// <summary>Other tests fault at the same time: the sums rise by at least what this one did, and never fall.</summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenAListenerReadsThenItGetsTheFaultsOfSpacesThatLiveAndThatAreGone(FaultDesign design)
    {
        string outcome = design == FaultDesign.Classic ? "classic" : "speculative";
        (long faults, long signals, long noArea) = (Read("outcome", outcome), Read("outcome", "signal"), Read("reason", "NoArea"));
        using (var guest = new Guest(design))
        {
            guest.Map(0, 10);
            guest.Touch(0, 10);
            Guest.SignalOf(() => guest.Cpu.Read<int>(Guest.At(20)));
            Assert.True(Read("outcome", outcome) >= faults + 10, "The faults of a living space are missing.");
        }

        Assert.True(Read("outcome", outcome) >= faults + 10, "The faults of a space that is gone are missing.");
        Assert.True(Read("outcome", "signal") >= signals + 1);
        if (design != FaultDesign.Classic) Assert.True(Read("reason", "NoArea") >= noArea + 1);
    }

    [Fact]
    public void WhenThreadsWaitForALockThenTheWaitIsMeasured()
    {
        double before = Read<double>(FaultlineMeter.LockWait);
        using var guest = new Guest(FaultDesign.Classic);
        guest.Map(0, 1);
        var crew = new Crew();
        guest.Space.MmapLock.EnterWrite(Faultline.Locking.LockUser.Map);
        crew.Start(() => guest.Touch(0, 1));
        Thread.Sleep(50);
        guest.Space.MmapLock.ExitWrite();
        crew.Join();
        Assert.True(Read<double>(FaultlineMeter.LockWait) >= before + 0.02);
    }

    private static long Read(string tag, string value) => Read<long>(tag == "outcome" ? FaultlineMeter.Faults : FaultlineMeter.Aborts, tag, value);

    private static T Read<T>(string instrument, string? tag = null, string? value = null)
        where T : struct
    {
        T found = default;
        using var listener = new MeterListener
        {
            InstrumentPublished = (published, self) =>
            {
                if (published.Meter.Name == FaultlineMeter.Name && published.Name == instrument) self.EnableMeasurementEvents(published);
            },
        };
        listener.SetMeasurementEventCallback<T>((_, measurement, tags, _) =>
        {
            if (tag is null || tags.ToArray().Any(pair => pair.Key == tag && (string?)pair.Value == value)) found = measurement;
        });
        listener.Start();
        listener.RecordObservableInstruments();
        return found;
    }
}
