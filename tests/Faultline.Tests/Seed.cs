using System.Globalization;

namespace Faultline.Tests;

/// <summary>Seeds of the randomised tests: a new one for each run, printed; <c>FAULTLINE_SEED</c> repeats a run.</summary>
internal static class Seed
{
    private static readonly int s_run = Environment.GetEnvironmentVariable("FAULTLINE_SEED") is { Length: > 0 } given
        ? int.Parse(given, CultureInfo.InvariantCulture)
        : Environment.TickCount & int.MaxValue;

    /// <summary>The run's seed, written to the output of the test that asks.</summary>
    public static int Announce()
    {
        TestContext.Current.TestOutputHelper?.WriteLine($"FAULTLINE_SEED={s_run}");
        return s_run;
    }

    /// <summary>A generator for one thread of a test: different threads get different numbers, the same in each repetition.</summary>
    public static Random ForThread(int seed, int thread) => new(HashCode.Combine(seed, thread));
}
