using System.Globalization;
using Faultline.Differential.Programs;

namespace Faultline.Differential;

/// <summary>Differences that are meant, or accepted: docs/linux-agreement.md says why. A program that shows one is not compared any further.</summary>
internal static class KnownDifferences
{
    private const ulong GuardSize = 256 * Layout.PageSize;

    /// <summary>A result that differs.</summary>
    /// <param name="step">What was done.</param>
    /// <param name="ours">The engine's result.</param>
    /// <param name="theirs">The host's result.</param>
    /// <param name="before">The engine's areas before the step.</param>
    public static bool Explain(Step step, string ours, string theirs, IReadOnlyList<AreaInfo> before)
    {
        // Placement below a stack in whose guard something lies: each side has found a place, not the same.
        return step.Call is Call.Map or Call.Remap && IsPlace(ours) && IsPlace(theirs) && before.Any(stack => IsStack(stack)
            && before.Any(area => area.End <= stack.Start && area.End > stack.Start - GuardSize));
    }

    /// <summary>A state that differs after equal results: Linux reclaims clean pages at once.</summary>
    public static bool Explain(Step step) => step.Call == Call.Advise && step.Bits == (int)Advice.PageOut;

    /// <summary>
    /// Whatever differs once memory may have been locked and moved by DontUnmap under RLIMIT_MEMLOCK, which a program sets or, without capabilities, begins with: Linux goes on
    /// counting the source that it unlocked.
    /// </summary>
    /// <param name="program">Whose steps.</param>
    /// <param name="done">How many of them have been done.</param>
    public static bool Explain(CallProgram program, int done)
    {
        const int LockLimit = 8;
        bool limited = !program.IsPrivileged, locked = false, left = false;
        foreach (Step step in program.Steps.Take(done))
        {
            limited |= step.Call == Call.Limit && step.Bits == LockLimit;
            locked |= step.Call is Call.Lock or Call.LockAll || (step.Call == Call.Map && (step.Flags & (int)MapFlags.Locked) != 0);
            left |= locked && step.Call == Call.Remap && (step.Flags & (int)RemapFlags.DontUnmap) != 0;
        }

        return limited && left;
    }

    private static bool IsStack(AreaInfo area) => area.Flags.Split(' ').Contains("gd");

    private static bool IsPlace(string result) => char.IsAsciiLetterLower(result[0]) && char.IsAsciiDigit(result[^1])
        || ulong.TryParse(result, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out _);
}
