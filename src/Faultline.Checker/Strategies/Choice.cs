namespace Faultline.Checker;

/// <summary>One thing that may happen next: a thread's next operation, or its oldest buffered store reaching memory.</summary>
/// <param name="Thread">Whose.</param>
/// <param name="IsFlush">A store reaches memory; otherwise the thread goes on.</param>
/// <param name="Cost">How many deviations from the undisturbed schedule it is.</param>
internal readonly record struct Choice(int Thread, bool IsFlush, int Cost)
{
    /// <summary>Names the choice in a schedule, and its agent in a table of priorities.</summary>
    public byte Agent => (byte)((Thread << 1) | (IsFlush ? 1 : 0));

    public static Choice FromAgent(byte agent) => new(agent >> 1, (agent & 1) != 0, Cost: 0);
}
