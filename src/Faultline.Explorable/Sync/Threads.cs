using Faultline.Checker;

namespace Faultline.Sync;

internal static class Threads
{
    /// <summary>Above every number that the runtime gives to a thread, so that set-up code is nobody's namesake.</summary>
    private const int FirstControlledId = 1 << 20;

    [ThreadStatic]
    private static int t_openSessions;

    // The schedule that t_openSessions belongs to: a thread abandoned in an earlier one leaves its count behind.
    [ThreadStatic]
    private static long t_schedule;

    public static int CurrentId =>
        Controlled.ThreadIndex < 0 ? Environment.CurrentManagedThreadId : FirstControlledId + Controlled.ThreadIndex;

    /// <summary>Nothing is started: a model's threads are the schedule's. What a background thread would do the models call themselves.</summary>
    public static void StartBackground(string name, Action body) => (_, _) = (name, body);

    public static ref int OpenSessions
    {
        get
        {
            if (t_schedule != Controlled.ScheduleNumber)
            {
                t_schedule = Controlled.ScheduleNumber;
                t_openSessions = 0;
            }

            return ref t_openSessions;
        }
    }
}
