using Faultline.Testing;

namespace Faultline.Tests.Stress;

/// <summary>
/// Every call with any arguments, in any order, alone and from several threads: null, unaligned, at the ends of the address space and of the numbers, overflowing. A
/// call answers with an errno, an access with a value or a signal; afterwards the areas are in order, the usage counts them, and all frames and promises come home.
/// Pins are taken and given back, memory is accessed from outside, and faults are left to a handler, among all that.
/// </summary>
public class CallFuzzTests
{
    private const int Threads = 3, StepsAlone = 120, StepsTogether = 60;

    [Fact]
    public void WhenCallsHaveAnyArgumentsThenEachAnswersAndTheSpaceStaysInOrder() => FuzzLoop.Run(random =>
    {
        var world = new CallFuzzWorld(random);
        MemoryAccessor accessor = world.Space.CreateAccessor();
        for (int i = 0; i < StepsAlone; i++)
        {
            world.Do(random, accessor);
            CallFuzzWorld.AssertOrder(world.Space);
        }

        // Only what has not failed can be taken down: a call that threw may hold a lock.
        accessor.Dispose();
        world.Dispose();
        return true;
    });

    [Fact]
    public void WhenThreadsCallInAnyOrderThenEachCallAnswersAndTheSpaceIsInOrderAfterwards() => FuzzLoop.Run(random =>
    {
        var world = new CallFuzzWorld(random);
        int[] seeds = [.. Enumerable.Range(0, Threads).Select(_ => random.Next())];
        var crew = new Crew();
        foreach (int seed in seeds)
        {
            crew.Start(() =>
            {
                var own = new Random(seed);
                using MemoryAccessor accessor = world.Space.CreateAccessor();
                for (int i = 0; i < StepsTogether; i++) world.Do(own, accessor);
            });
        }

        crew.Join();
        CallFuzzWorld.AssertOrder(world.Space);
        world.Dispose();
        return true;
    });
}
