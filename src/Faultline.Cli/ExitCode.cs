namespace Faultline.Cli;

/// <summary>What the process returns: the same meanings for every verb, printed by <c>faultline --help</c>.</summary>
/// <remarks>
/// 0 against 2 is the point of the small numbers: "nothing found" and "could not tell" differ for a script.
/// From 64 on the numbers are those of BSD's sysexits.h.
/// </remarks>
internal static class ExitCode
{
    public const int Ok = 0;
    public const int Finding = 1;
    public const int Inconclusive = 2;
    public const int UnsupportedHost = 3;
    public const int Usage = 64;
    public const int BadData = 65;
    public const int NoInput = 66;
    public const int Internal = 70;
    public const int CannotCreate = 73;
    public const int Interrupted = 130;

    /// <summary>The table below <c>--help</c>.</summary>
    public const string Help =
        """
        Exit codes:
          0    done, nothing found
          1    a finding: a violation, a miss, agreement below what was asked, or the recorded program failed
          2    inconclusive: the run cannot tell
          3    this host cannot do it (missing tool, rights or kernel feature, too little memory)
          64   wrong usage
          65   bad input data (malformed or truncated)
          66   the input cannot be opened
          70   a fault in faultline itself
          73   the output cannot be created
          130  interrupted
        """;
}
