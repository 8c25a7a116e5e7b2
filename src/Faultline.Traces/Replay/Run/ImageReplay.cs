using Faultline.Areas;

namespace Faultline.Traces.Replay;

/// <summary>The address space of a new image, as its mapping lines show it.</summary>
internal static class ImageReplay
{
    public static AddressSpace Create(ReplayRun run, in TraceEvent exec)
    {
        Recording recording = run.Plan.Recording;
        ReadOnlySpan<int> lines = recording.MappingsOf(exec.Index);
        var space = run.NewSpace(MmapBase(recording, lines));
        try
        {
            Fill(run, space, lines, exec.Space);
            return space;
        }
        catch
        {
            space.Dispose(); // nobody else knows it
            throw;
        }
    }

    private static void Fill(ReplayRun run, AddressSpace space, ReadOnlySpan<int> lines, int number)
    {
        StackFacts stack = run.Plan.Survey.Stacks[number];
        space.Reset(run.Plan.Survey.BreakStart[number], stack.End == 0 ? 0 : stack.End - 1);
        foreach (int index in lines) Map(run, space, run.Plan.Recording[index].Mapping);

        // Arguments and environment, which exec writes without a fault.
        if (stack.End != 0) Check(run, space.TryAdvise(stack.FilledFrom, stack.End - stack.FilledFrom, Advice.PopulateWrite));
    }

    private static void Map(ReplayRun run, AddressSpace space, in MappingData line)
    {
        string path = run.Plan.Recording.Strings[line.Path];
        var rights = (Protection)(line.Rights & ~MappingRights.Shared);
        MapFlags flags = MapFlags.Fixed | ((line.Rights & MappingRights.Shared) != 0 ? MapFlags.Shared : MapFlags.Private);
        if (line.IsFile || IsSpecial(path))
        {
            Check(run, space.TryMap(line.Start, line.Length, rights, flags, run.Files.Of(line, path), line.IsFile ? line.Offset : 0, out _));
            return;
        }

        if (path == ReplayNames.Stack) flags |= MapFlags.GrowsDown;
        Check(run, space.TryMap(line.Start, line.Length, rights, flags, out _));
    }

    /// <summary>What exec maps besides the program begins right below the base: the interpreter, or without one the vdso.</summary>
    private static ulong MmapBase(Recording recording, ReadOnlySpan<int> lines)
    {
        ulong top = 0;
        foreach (int index in lines)
        {
            ref readonly MappingData line = ref recording[index].Mapping;
            if (recording.Strings[line.Path] != ReplayNames.Stack) top = Math.Max(top, line.End);
        }


        // Beyond the user's addresses: the mapping itself is refused, with a reason.
        return top <= UserSpace.End ? Page.Ceiling(top) : 0;
    }

    private static bool IsSpecial(string path) => path.StartsWith('[') && path is not (ReplayNames.Stack or ReplayNames.Heap);

    private static void Check(ReplayRun run, Errno error)
    {
        // ENOMEM is also what Linux says of an address that no program can have.
        if (error == Errno.ENOMEM && run.Memory.FreeFrames == 0) throw run.Exhausted();
        if (error != Errno.None)
            throw new ReplayException(ReplayFailure.ImpossibleRecording, $"an image's mapping cannot be made ({error})", "Import the recording again");
    }
}
