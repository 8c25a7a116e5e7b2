namespace Faultline.Traces.Replay;

/// <summary>Whose an address space is, as far as a number of events tell.</summary>
/// <param name="ProcessId">The process that made it by fork or exec, or was first seen in it.</param>
/// <param name="Program">Its image; null if the recording has no exec for it.</param>
/// <param name="HasEnded">The process has exited, or has left it for another image.</param>
internal readonly record struct SpaceOwner(int ProcessId, string? Program, bool HasEnded)
{
    public static SpaceOwner[] Find(Recording recording, int events)
    {
        var owners = new SpaceOwner[recording.SpaceCount];
        for (int i = 0; i < events; i++)
        {
            ref readonly TraceEvent e = ref recording[i];
            if (e.Space == TraceEvent.NoSpace) continue;
            ref SpaceOwner owner = ref owners[e.Space];
            if (owner.ProcessId == 0) owner = owner with { ProcessId = e.ProcessId };
            switch (e.Kind)
            {
                case EventKind.Exec:
                    owner = owner with { Program = e.Exec.Path < 0 ? null : recording.Strings[e.Exec.Path] };

                    // A vfork child leaves its parent's space, which goes on.
                    if (e.Exec.PreviousSpace >= 0 && owners[e.Exec.PreviousSpace].ProcessId == e.ProcessId)
                        owners[e.Exec.PreviousSpace] = owners[e.Exec.PreviousSpace] with { HasEnded = true };
                    break;
                case EventKind.Fork when !e.Fork.SharesSpace:
                    owners[e.Fork.ChildSpace] = new SpaceOwner(e.Fork.ChildProcessId, owner.Program, HasEnded: false);
                    break;
                case EventKind.Exit when e.Exit.GroupDead && owner.ProcessId == e.ProcessId:
                    owner = owner with { HasEnded = true };
                    break;
            }
        }

        return owners;
    }
}
