using Faultline.Differential.Programs;

namespace Faultline.Differential;

/// <summary>
/// What programs may do where the host's side is the process that runs the tests: only calls that cannot reach beyond a window of it. No fork, heap, limits, stack or place
/// of the kernel's choice.
/// </summary>
internal static class WindowRules
{
    public const ulong Start = Layout.Window, Size = Pages * Layout.PageSize, GuardSize = 16 * Layout.PageSize;

    private const int Pages = 64;
    private const ulong LongestRange = 16;
    private const int GrowsDown = 0x100, RightsMask = 7;
    private const int MayMove = 1, FixedMove = 2;

    /// <summary>The program's steps that stay within the window; with the capabilities that the process has.</summary>
    public static CallProgram Restrict(CallProgram program) =>
        program with { Steps = [.. program.Steps.Where(IsAllowed).Select(step => step with { Process = 0 })], IsPrivileged = true };

    private static bool IsAllowed(Step step) => step.Call switch
    {
        Call.Map => Contains(step.At, step.Length) && (step.Flags & (int)(MapFlags.Fixed | MapFlags.FixedNoReplace)) != 0 && (step.Flags & GrowsDown) == 0,
        Call.Protect => Contains(step.At, step.Length) && (step.Bits & ~RightsMask) == 0,
        Call.Remap => Contains(step.At, step.Length) && Contains(step.At, step.NewLength)
            && ((step.Flags & FixedMove) != 0 ? Contains(step.To, step.NewLength) : (step.Flags & MayMove) == 0),
        Call.Unmap or Call.Advise or Call.Lock or Call.Unlock or Call.Core or Call.Sync or Call.Read or Call.Write => Contains(step.At, step.Length),
        Call.Truncate or Call.FileRead or Call.FileWrite => true,
        _ => false,
    };

    private static bool Contains(Place at, Extent length) =>
        at.Region == Region.Window && at.Page >= 0 && length.Pages <= LongestRange && at.Page + (int)length.Pages + 2 <= Pages;
}
