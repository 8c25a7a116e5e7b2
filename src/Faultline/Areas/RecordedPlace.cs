namespace Faultline.Areas;

/// <summary>
/// Puts a mapping where a recording has it, within the call that searches: a search before the call would see other areas, and a move after it could
/// meanwhile lie where another thread's recording has something.
/// </summary>
internal sealed class RecordedPlace(ulong address)
{
    /// <summary>What the search came to; null if it came to nothing or was not asked.</summary>
    public ulong? Found { get; private set; }

    /// <summary>Keeps what was found and returns the recorded address. By the thread whose call it is.</summary>
    public ulong Take(ulong found)
    {
        Found = found;
        return address;
    }
}
