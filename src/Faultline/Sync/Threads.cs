namespace Faultline.Sync;

/// <summary>Thread identity and start, so that the explorable build can control both.</summary>
internal static class Threads
{
    [ThreadStatic]
    private static int t_openSessions;

    /// <summary>A small number that names the calling thread.</summary>
    public static int CurrentId => Environment.CurrentManagedThreadId;

    /// <summary>Starts a thread that does not keep the process alive.</summary>
    public static void StartBackground(string name, Action body) => new Thread(() => body()) { Name = name, IsBackground = true }.Start();

    /// <summary>
    /// Sessions that the calling thread holds open. The one thread-static of the engine: touched when a session opens or
    /// closes and when an address-space call begins, never by a fault or an access.
    /// </summary>
    public static ref int OpenSessions => ref t_openSessions;
}
