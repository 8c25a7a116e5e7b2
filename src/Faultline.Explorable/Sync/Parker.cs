using System.Diagnostics;
using Faultline.Checker;

namespace Faultline.Sync;

[StackTraceHidden]
internal sealed class Parker
{
    private readonly Permit _permit = new();

    public void Park() => _permit.Wait();

    public bool Park(TimeSpan timeout) => _permit.Wait(timeout);

    public void Unpark() => _permit.Give();
}
