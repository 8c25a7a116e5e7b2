using Faultline.Sync;
using Faultline.Tests.Ordering;

[assembly: AssemblyFixture(typeof(LockOrderOfTheRun))]

namespace Faultline.Tests.Ordering;

/// <summary>After the last test: prints which locks the run's threads waited for holding which others, and fails on a pair that docs/locking.md does not state.</summary>
public sealed class LockOrderOfTheRun : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (string line in Graph()) Console.WriteLine(line);
        Assert.Empty(Unstated());
    }

    /// <summary>One line for each lock: what was taken with it held; in parentheses what was only ever tried.</summary>
    internal static IEnumerable<string> Graph() => LockOrder.Observed().Where(edge => edge.Held != LockRank.Unranked)
        .GroupBy(edge => edge.Held)
        .Select(edges => $"{edges.Key,-14} → {string.Join(", ", edges.Select(edge => edge.OnlyTried ? $"({edge.Taken})" : edge.Taken.ToString()))}");

    /// <summary>Pairs that were seen and are not in the document.</summary>
    internal static List<string> Unstated()
    {
        var stated = LockOrderDocument.Read().SelectMany(row => row.Held.Select(held => (held, row.Lock))).ToHashSet();
        return [.. LockOrder.Observed().Where(edge => !edge.OnlyTried && !stated.Contains((edge.Held, edge.Taken))).Select(edge => $"{edge.Held} → {edge.Taken}")];
    }
}
