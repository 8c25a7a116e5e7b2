using System.Reflection;
using Faultline.Sync;

namespace Faultline.Tests.Calls;

/// <summary>What each fault reads of its space does not lie beside what calls write.</summary>
public class SpaceLayoutTests
{
    /// <summary>The runtime lays words out next to each other: the state, which each miss reads, was on one line with the counts of mprotects under ranges.</summary>
    [Fact]
    public void WhenCallsWriteWordsOfTheSpaceThenTheseHaveLinesOfTheirOwn()
    {
        IEnumerable<string> open = typeof(AddressSpace)
            .GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
            .Where(field => field.FieldType.IsValueType && field.FieldType.Namespace == typeof(Word32).Namespace)
            .Select(field => field.Name);

        // Two switches, the state, and the heap's end, which programs move in large steps.
        Assert.Equal(["_brk", "_mayBeTraced", "_speculation", "_state"], open.Order(StringComparer.Ordinal));
    }
}
