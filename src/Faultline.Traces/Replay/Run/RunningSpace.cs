using Faultline.Sync;

namespace Faultline.Traces.Replay;

/// <summary>A recorded address space while it exists.</summary>
internal sealed class RunningSpace(int number, AddressSpace space, int users)
{
    // Threads that will still use it. The decrement to zero is a full fence: what the others did comes before the space goes.
    private Word32 _users = new((uint)users);

    /// <summary>As the recording's events name it.</summary>
    public int Number { get; } = number;

    public AddressSpace Space { get; } = space;

    /// <summary>A thread has left; true if it was the last.</summary>
    public bool Leave() => _users.Add(-1) == 0;
}
