using System.Diagnostics;
using Faultline.Checker;

namespace Faultline.Sync;

/// <summary>
/// The product's waiting, in schedulable form: one turn lets others run and looks again, so that what happens when a wait
/// is given up is explored too; after it the thread is not scheduled until something that it read has changed.
/// </summary>
[StackTraceHidden]
internal struct Backoff
{
    private const int TurnsBeforeSpin = 1;

    private int _turns;

    public void Wait()
    {
        if (_turns < TurnsBeforeSpin)
        {
            _turns++;
            Controlled.Yield();
        }
        else
        {
            Controlled.Spin();
        }
    }

    public readonly bool ShouldPark => _turns >= TurnsBeforeSpin;
}
