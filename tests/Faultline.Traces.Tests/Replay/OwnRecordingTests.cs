using CsCheck;
using Faultline.Physical;

namespace Faultline.Traces.Tests.Replay;

/// <summary>Recordings that this engine made of itself: whatever the order leaves free, a replay must come to the same.</summary>
public class OwnRecordingTests
{
    private const int Threads = 3, Pages = 24;
    private const ulong Area = 0x7f0000000000, PageSize = 0x1000;

    private readonly record struct Step(int Thread, int Kind, int Page, int Length, int Rights);

    private static readonly Gen<Step[]> s_steps =
        Gen.Select(Gen.Int[0, Threads - 1], Gen.Int[0, 6], Gen.Int[0, Pages - 1], Gen.Int[1, 6], Gen.Int[0, 2], (t, k, p, l, r) => new Step(t, k, p, l, r))
            .Array[1, 60];

    [Fact]
    public void WhenTheRecordingIsThisEnginesOwnThenTheReplayAgreesInEverything() => s_steps.Sample(
        steps =>
        {
            Recording recording = Record(steps);
            ReplayReport report = Replayer.Run(recording);
            Assert.All(report.Designs, design => Assert.Equal(0, design.FramesLost));
            foreach (AgreementReport agreement in report.Designs.SelectMany(design => design.Agreement))
            {
                // Where the search looks, other threads' calls are not ordered.
                if (agreement.Kind != AgreementKind.Placement) Assert.Empty(agreement.Disagreements);
            }
        },
        iter: 300,
        threads: 1);

    /// <summary>Makes the steps one after the other, each by its thread, and writes down what happened.</summary>
    private static Recording Record(Step[] steps)
    {
        using var memory = new PhysicalMemory(new PhysicalMemoryOptions { CapacityInFrames = 4096 });
        using var space = new AddressSpace(memory, new AddressSpaceOptions { Privileged = true });
        using MemoryAccessor accessor = space.CreateAccessor();
        var script = new Script();
        long time = 1;
        for (int thread = 1; thread < Threads; thread++) script.Clone(Script.First, time++, Script.First + thread);
        foreach (Step step in steps) Perform(space, accessor, script, step, time += 10);
        return script.Import();
    }

    private static void Perform(AddressSpace space, MemoryAccessor accessor, Script script, Step step, long time)
    {
        int thread = Script.First + step.Thread;
        ulong address = Area + ((ulong)step.Page * PageSize), length = (ulong)step.Length * PageSize;
        var rights = (Protection)(step.Rights == 2 ? 3 : step.Rights);
        switch (step.Kind)
        {
            case 0:
                Errno error = space.TryMap(address, length, rights, MapFlags.Private | MapFlags.Fixed, out _);
                script.Call(thread, time, time + 4, "mmap", Result(error, address), address, length, (ulong)rights, Script.AnonymousFixed, uint.MaxValue, 0);
                if (error == Errno.None) Show(space, script, thread, time + 2, address);
                break;
            case 1:
                script.Call(thread, time, time + 4, "munmap", Result(space.TryUnmap(address, length)), address, length);
                break;
            case 2:
                error = space.TryProtect(address, length, rights);
                script.Call(thread, time, time + 4, "mprotect", Result(error), address, length, (ulong)rights);
                if (error == Errno.None) Show(space, script, thread, time + 2, address);
                break;
            case 3:
                script.Call(thread, time, time + 4, "madvise", Result(space.TryAdvise(address, length, Advice.DontNeed)), address, length, (ulong)Advice.DontNeed);
                break;
            default:
                Fault(accessor, script, thread, time, address, step.Kind == 4 ? AccessKind.Read : AccessKind.Write);
                break;
        }
    }

    private static void Fault(MemoryAccessor accessor, Script script, int thread, long time, ulong address, AccessKind access)
    {
        EntryState before = accessor.Inspect(address, access);
        if (before == EntryState.Allowed) return;
        int code = (access == AccessKind.Write ? Script.Write : Script.Read) | (before == EntryState.Forbidden ? (int)FaultCode.Protection : 0);
        script.Fault(thread, time, address, code);
        try
        {
            if (access == AccessKind.Write) accessor.Write<byte>(address, 1);
            else accessor.Read<byte>(address);
        }
        catch (MemoryFaultException)
        {
            script.Signal(thread, time + 1, 11);
        }

        // Ends the fault: without it the thread's next fault could be seconds away, and another's on the page would count as a race.
        script.Call(thread, time + 2, time + 3, "munmap", -22, 1, PageSize);
    }

    private static void Show(AddressSpace space, Script script, int thread, long time, ulong address)
    {
        AreaInfo area = Assert.Single(space.ListAreas(), area => address - area.Start < area.Length);
        string rights = $"{Letter(Protection.Read, 'r')}{Letter(Protection.Write, 'w')}-p";
        script.Line(thread, time, area.Start, area.Length, rights);

        char Letter(Protection right, char yes) => (area.Protection & right) != 0 ? yes : '-';
    }

    private static long Result(Errno error, ulong value = 0) => error == Errno.None ? (long)value : -(long)error;
}
