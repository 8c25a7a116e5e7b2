using System.Diagnostics;
using System.Globalization;

namespace Faultline.Testing;

/// <summary>
/// Runs one random attempt after another for a time. An attempt that throws, takes too long, or leaves the process larger fails the test, which prints the
/// attempt's seed: <c>FAULTLINE_FUZZ_SEED</c> begins with it, <c>FAULTLINE_FUZZ_SECONDS</c> makes the time longer.
/// </summary>
internal static class FuzzLoop
{
    // Longer than any attempt takes on a busy machine: a hang.
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    // What the runtime itself may keep, with what it has not returned yet.
    private const long Slack = 512L << 20;

    /// <param name="attempt">True if it went through, false if it was refused.</param>
    public static void Run(Func<Random, bool> attempt)
    {
        int first = Setting("FAULTLINE_FUZZ_SEED") ?? Environment.TickCount & int.MaxValue;
        int seed = first;
        long before = Environment.WorkingSet;
        TimeSpan time = Setting("FAULTLINE_FUZZ_SECONDS") is { } seconds ? TimeSpan.FromSeconds(seconds) : Budgets.OneFuzzTest;
        long began = Stopwatch.GetTimestamp();
        Exception? failure = null;
        int succeeded = 0;
        var worker = new Thread(() =>
        {
            try
            {
                for (; Stopwatch.GetElapsedTime(began) < time; Interlocked.Increment(ref seed))
                {
                    if (attempt(new Random(seed))) succeeded++;
                }
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        })
        { IsBackground = true };
        worker.Start();
        for (int watched = seed; !worker.Join(s_patience); watched = Volatile.Read(ref seed))
            Assert.True(Volatile.Read(ref seed) != watched, $"An attempt does not end. FAULTLINE_FUZZ_SEED={watched} repeats it.");

        TestContext.Current.TestOutputHelper?.WriteLine($"{seed - first:N0} attempts, {succeeded:N0} of them went through, from FAULTLINE_FUZZ_SEED={first} on.");
        if (failure is not null) Assert.Fail($"FAULTLINE_FUZZ_SEED={seed} repeats this: {failure}");
        long growth = Environment.WorkingSet - before;
        Assert.True(growth < Slack, $"The process has grown by {growth >> 20} MiB in {seed - first} attempts.");
    }

    private static int? Setting(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;
}
