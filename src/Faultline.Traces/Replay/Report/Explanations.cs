namespace Faultline.Traces.Replay;

/// <summary>The rules behind known classes of disagreement. docs/replay.md says more about each.</summary>
internal static class Explanations
{
    public static string? Of(AgreementKind kind, string name) => (kind, name) switch
    {
        (AgreementKind.FileFaults, DisagreementNames.AbsentHere) =>
            "Linux had mapped the page with a neighbour's fault, as part of the large folio that both lie in; here a fault maps sixteen pages around",
        (AgreementKind.FileFaults, DisagreementNames.AllowedHere or DisagreementNames.ForbiddenHere) =>
            "a neighbour's fault maps what is in memory: for Linux the page was not, or came at the same time; here files are, and processes are not ordered",
        (AgreementKind.Placement, DisagreementNames.OtherPlace) =>
            "calls of different threads on different ranges are not ordered, so the search saw other areas; --order-calls orders them",
        _ => null,
    };
}

/// <summary>Names of classes of disagreement.</summary>
internal static class DisagreementNames
{
    public const string AbsentHere = "present without the right in the recording, absent here";
    public const string ForbiddenHere = "absent in the recording, present without the right here";
    public const string AllowedHere = "a fault in the recording, present with the right here";
    public const string UnexpectedSignal = "resolved in the recording, a signal here";
    public const string MissingSignal = "a signal in the recording, resolved here";
    public const string OtherErrno = "another result";
    public const string OtherPlace = "another place";
    public const string Occupied = "the recorded place is not free here";
    public const string OtherStart = "area: another start";
    public const string OtherEnd = "area: another end";
    public const string OtherRange = "area: another start and end";
    public const string OtherRights = "area: other rights";
    public const string OtherBacking = "area: another object";
    public const string NoArea = "area: nothing there";
}
