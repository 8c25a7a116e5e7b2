namespace Faultline.Traces.Replay;

/// <summary>The operations that looked at a range since its last writer. Immutable: the parts of a split range share it.</summary>
internal sealed class ReaderSet
{
    private readonly int[] _operations;

    private ReaderSet(int[] operations) => _operations = operations;

    public ReadOnlySpan<int> Operations => _operations;

    /// <summary>The set with one more reader, which replaces an earlier one of the same thread.</summary>
    public static ReaderSet With(ReaderSet? set, int operation, OperationTable table, ThreadPlan thread)
    {
        if (set is null) return new ReaderSet([operation]);
        int same = Array.FindIndex(set._operations, o => table.ThreadOf(o) == thread);
        var operations = new int[set._operations.Length + (same < 0 ? 1 : 0)];
        set._operations.CopyTo(operations, 0);
        operations[same < 0 ? ^1 : same] = operation;
        return new ReaderSet(operations);
    }
}
