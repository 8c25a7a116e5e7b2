using Faultline.Differential.Host;
using Faultline.Differential.Programs;

namespace Faultline.Differential;

/// <summary>What all tests of the suite begin with.</summary>
internal static class Suite
{
    /// <summary>Runs a program on both sides under every design: each step must give the result that stands beside it.</summary>
    public static void Agree(params (string Step, string Result)[] program) => Agree(isPrivileged: true, program);

    /// <summary>As <see cref="Agree(ValueTuple{string, string}[])"/>, in processes without capabilities, which RLIMIT_MEMLOCK limits.</summary>
    public static void AgreeWithoutPrivilege(params (string Step, string Result)[] program) => Agree(isPrivileged: false, program);

    private static void Agree(bool isPrivileged, (string Step, string Result)[] program)
    {
        using LockStep lockStep = StartOrSkip();
        foreach (FaultDesign design in Enum.GetValues<FaultDesign>())
        {
            var results = new List<string>();
            lockStep.MustAgree(CallProgram.Parse(program.Select(line => line.Step)) with { Design = design, IsPrivileged = isPrivileged }, results);
            Assert.Equal(program.Select(line => line.Result), results);
        }
    }

    /// <summary>Set to 1: as if the host let no process be traced.</summary>
    private const string WindowVariable = "FAULTLINE_DIFFERENTIAL_WINDOW";

    /// <summary>Starts both sides. Where the host cannot be driven the test is skipped: it has passed nothing.</summary>
    public static LockStep StartOrSkip(long? frames = null)
    {
        LockStep? started = TryStart(out string missing, frames);
        if (started is null) Assert.Skip($"Inconclusive: nothing was compared with the host's kernel. {missing}");
        return started;
    }

    /// <summary>Starts both sides; null where no process can be traced.</summary>
    public static LockStep? TryStart(out string missing, long? frames = null)
    {
        try
        {
            missing = "";
            if (Environment.GetEnvironmentVariable(WindowVariable) == "1") throw new HostException($"{WindowVariable} is set.");
            return frames is { } count ? LockStep.Start(count) : LockStep.Start();
        }
        catch (HostException exception)
        {
            missing = exception.Message;
            return null;
        }
    }

    /// <summary>Starts both sides, the host's in a window of this process. Where the rules of the host's kernel are others the test is skipped.</summary>
    public static LockStep StartInWindowOrSkip()
    {
        try
        {
            return LockStep.Start(isWindow: true);
        }
        catch (HostException missing)
        {
            Assert.Skip($"Inconclusive: nothing was compared with the host's kernel. {missing.Message}");
            throw;
        }
    }
}
