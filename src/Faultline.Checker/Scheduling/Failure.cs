namespace Faultline.Checker;

/// <summary>A finding before it is known whether its schedule reproduces it.</summary>
internal sealed record Failure(FindingKind Kind, string Message, int Thread, Exception? Exception)
{
    public Finding ToFinding(string schedule, IReadOnlyList<string> trace) =>
        new(Kind, Message, Thread, Exception, schedule, trace);
}

/// <summary>Unwinds a controlled thread whose schedule has failed elsewhere.</summary>
internal sealed class AbandonedException() : Exception("The schedule has failed in another thread.");
