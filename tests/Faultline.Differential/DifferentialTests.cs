using System.Globalization;
using CsCheck;
using Faultline.Differential.Programs;
using Faultline.Testing;

namespace Faultline.Differential;

/// <summary>Random programs of calls on Faultline and on the host's kernel.</summary>
public class DifferentialTests
{
    // Of a long run, in milliseconds; seen while it runs with --show-live-output on.
    private const int ReportEvery = 60_000;

    /// <summary>Where no process can be traced, what can be compared is, and the test is inconclusive: no fork, no heap, no place of the kernel's choice was tried.</summary>
    [Fact]
    public void WhenCallsAreMadeAtRandomThenTheHostDoesTheSame()
    {
        if (Suite.TryStart(out string missing) is { } lockStep)
        {
            using (lockStep) Sample(lockStep, Seconds());
            return;
        }

        using LockStep window = Suite.StartInWindowOrSkip();
        Sample(window, Seconds());
        Assert.Skip($"Inconclusive: {missing} Compared in a window of this process, without fork and brk, and alike: {Counts(window)}");
    }

    /// <summary>What runs where no process can be traced, also where one can.</summary>
    [Fact]
    public void WhenTheHostsSideIsAWindowOfThisProcessThenItDoesTheSame()
    {
        using LockStep lockStep = Suite.StartInWindowOrSkip();
        Sample(lockStep, seconds: 3);
        Assert.NotEqual(0, lockStep.Steps);
    }

    [Fact]
    public void WhenAWindowsHostHasAnotherRuleThenTheDifferenceIsFound()
    {
        using LockStep lockStep = Suite.StartInWindowOrSkip();
        var program = CallProgram.Parse(["map p0 at=w0 len=3 bits=3 flags=0x12", "write p0 at=w1 bits=7", "fork p0", "brk p0 at=h3", "unmap p0 at=w0 len=1", "read p0 at=w0"]);
        lockStep.MustAgree(program);
        Assert.Equal(4, lockStep.Steps);
        Assert.NotNull(lockStep.Compare(program, new AddressSpaceOptions { Limits = new ResourceLimits { AddressSpace = 2 * Layout.PageSize } }));
    }

    private static void Sample(LockStep lockStep, int seconds)
    {
        long nextReport = Environment.TickCount64 + ReportEvery;
        try
        {
            // One thread, this one: the host's process obeys no other.
            ProgramGenerator.Programs.Sample(
                program =>
                {
                    if (lockStep.Compare(program) is { } difference) throw new DivergenceException(difference);
                    if (Environment.TickCount64 < nextReport) return;

                    // From now on: the process may have been stopped for a while.
                    nextReport = Environment.TickCount64 + ReportEvery;
                    Write(Counts(lockStep));
                },
                writeLine: Write,
                time: seconds,
                threads: 1,
                print: program => $"\n{Saved(Reducer.Reduce(program, smaller => lockStep.Compare(smaller) is not null), lockStep)}");
        }
        finally
        {
            Write($"{Counts(lockStep)} Compared with Linux {File.ReadAllText("/proc/sys/kernel/osrelease").Trim()}.");
        }
    }

    /// <summary>Each file is a program that once told the two sides apart.</summary>
    [Fact]
    public void WhenAProgramOnceDifferedThenItAgreesNow()
    {
        using LockStep lockStep = Suite.StartOrSkip();
        RegressionsMustAgree(lockStep);
    }

    [Fact]
    public void WhenAProgramOnceDifferedThenItAgreesInAWindowOfThisProcessToo()
    {
        using LockStep lockStep = Suite.StartInWindowOrSkip();
        RegressionsMustAgree(lockStep);
    }

    /// <summary>The suite must see a difference: here an engine that places large maps by another rule.</summary>
    [Fact]
    public void WhenTheEngineHasAnotherRuleThenTheDifferenceIsFoundAndReduced()
    {
        using LockStep lockStep = Suite.StartOrSkip();
        var program = CallProgram.Parse(["map p0 at=w0 len=3 bits=3 flags=0x12", "map p0 at=0 len=1 bits=3 flags=0x2", "write p0 at=w1 bits=7",
            "map p0 at=0 len=512 bits=3 flags=0x2", "unmap p0 at=w0 len=1"]);
        lockStep.MustAgree(program);
        CallProgram reduced = Reducer.Reduce(program, smaller => lockStep.Compare(smaller, new AddressSpaceOptions { AlignLargeAnonymous = false }) is not null);
        Assert.Equal("map p0 len=512 bits=3 flags=0x2", Assert.Single(reduced.Steps).ToString());
    }

    /// <summary>A heap of a GiB under <c>mlockall</c>, in small: what the arena cannot hold says nothing about the rules.</summary>
    [Fact]
    public void WhenAProgramNeedsMoreFramesThanTheArenaHasThenItIsCutShort()
    {
        const long Frames = 256;
        using LockStep lockStep = Suite.StartOrSkip(Frames);
        lockStep.MustAgree(CallProgram.Parse(["brk p0 at=h512", "lockall p0 bits=3", "read p0 at=h511"]));
        Assert.Equal((1, 2), (lockStep.CutShort, lockStep.Steps));
    }

    [Fact]
    public void WhenAProgramIsPrintedThenItsTextIsTheProgram() =>
        ProgramGenerator.Programs.Sample(program => CallProgram.Parse(program.ToString().Split('\n')).ToString() == program.ToString(), iter: 200);

    private static void RegressionsMustAgree(LockStep lockStep)
    {
        string[] files = Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Regressions"), "*.txt");
        Assert.NotEmpty(files);
        Assert.All(files, file => lockStep.MustAgree(CallProgram.Parse(File.ReadLines(file))));
    }

    private static string Counts(LockStep lockStep) =>
        $"{lockStep.Programs:N0} programs, {lockStep.DistinctPrograms:N0} of them distinct, with {lockStep.DistinctSequences:N0} distinct sequences of calls and "
        + $"{lockStep.Steps:N0} steps; {lockStep.CutShort:N0} cut short by a known difference.";

    private static int Seconds() => Environment.GetEnvironmentVariable("FAULTLINE_DIFFERENTIAL_SECONDS") is { Length: > 0 } seconds
        ? int.Parse(seconds, CultureInfo.InvariantCulture)
        : (int)Budgets.Differential.TotalSeconds / 2;

    /// <summary>The reduced program, written where it can be taken into the repository from.</summary>
    private static string Saved(CallProgram program, LockStep lockStep)
    {
        string folder = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "Failures")).FullName;
        string file = Path.Combine(folder, $"{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(program.ToString())))[..12]}.txt");
        File.WriteAllText(file, program.ToString());
        return $"{lockStep.Compare(program)}program, saved as {file}:\n{program}";
    }

    private static void Write(string line) => TestContext.Current.TestOutputHelper?.WriteLine(line);

    private sealed class DivergenceException(string message) : Exception(message);
}
