namespace Faultline.Tests.Calls;

/// <summary>Answers with whatever the test says, and remembers what it was asked.</summary>
internal sealed class TestHandler(Func<UserFault, bool> answer) : UserFaultHandler
{
    private readonly List<UserFault> _asked = [];

    /// <summary>Pages and reasons, in order.</summary>
    public IEnumerable<(int Page, AccessKind Access, UserFaultModes Reason)> Asked
    {
        get
        {
            lock (_asked) return [.. _asked.Select(fault => ((int)((fault.Address - Guest.Base) >> Page.Shift), fault.Access, fault.Reason))];
        }
    }

    public bool Hangs { get; init; }

    public override bool MayHang => Hangs;

    public override bool OnFault(in UserFault fault)
    {
        lock (_asked) _asked.Add(fault);
        return answer(fault);
    }
}
