using Faultline.Locking;

namespace Faultline.Faults;

/// <summary>Asks a handler that may never answer.</summary>
internal sealed class UserFaultErrand(UserFaultHandler handler, UserFault question) : Errand
{
    public bool Answer { get; private set; }

    protected override void Work() => Answer = handler.OnFault(in question);

    /// <summary>Nobody wants the answer any more, and there is nothing else.</summary>
    protected override void GiveBack()
    {
    }
}
