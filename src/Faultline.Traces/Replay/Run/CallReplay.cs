using Faultline.Areas;
using Faultline.Files;

namespace Faultline.Traces.Replay;

/// <summary>Makes recorded calls, and compares their results, and the areas afterwards, with the recording.</summary>
internal sealed class CallReplay(ReplayRun run, Tally tally)
{
    private const MapFlags Exact = MapFlags.Fixed | MapFlags.FixedNoReplace;

    // MLOCK_ONFAULT, the only flag of mlock2.
    private const ulong LockOnFault = 1;

    // mincore's answer, which nothing is compared with: a recording has the pointer to it.
    private readonly byte[] _residency = new byte[MinCorePages];

    private const int MinCorePages = 1 << 12;

    public void Replay(AddressSpace space, in TraceEvent e)
    {
        CallArguments a = e.Call.Arguments;
        switch (e.Call.Number)
        {
            case SystemCall.Mmap:
                Map(space, e);
                break;
            case SystemCall.Mremap:
                Remap(space, e);
                break;
            case SystemCall.Brk:
                space.TryBrk(a[0], out ulong now);
                Compare(e, (ulong)e.Call.Result == now, now, Errno.None);
                break;
            case SystemCall.Shmat:
                Attach(space, e);
                break;
            default:
                Compare(e, Simple(space, e));
                break;
        }

        CompareAreas(space, e);
    }

    /// <summary>Calls that only succeed or fail.</summary>
    private Errno Simple(AddressSpace space, in TraceEvent e)
    {
        CallArguments a = e.Call.Arguments;
        switch (e.Call.Number)
        {
            case SystemCall.Munmap:
                return space.TryUnmap(a[0], a[1]);
            case SystemCall.Mprotect or SystemCall.PkeyMprotect:
                return space.TryProtect(a[0], a[1], (Protection)a[2]);
            case SystemCall.Madvise:
                return space.TryAdvise(a[0], a[1], (Advice)a[2]);
            case SystemCall.Mlock:
                return space.TryMemoryLock(a[0], a[1]);
            case SystemCall.Mlock2:
                return (a[2] & ~LockOnFault) != 0 ? Errno.EINVAL : space.TryMemoryLock(a[0], a[1], onFault: a[2] != 0);
            case SystemCall.Munlock:
                return space.TryMemoryUnlock(a[0], a[1]);
            case SystemCall.Mlockall:
                return space.TryMemoryLockAll((LockAllFlags)a[0]);
            case SystemCall.Munlockall:
                space.MemoryUnlockAll();
                return Errno.None;
            case SystemCall.Msync:
                return space.TryMemorySync(a[0], a[1], (SyncFlags)a[2]);
            case SystemCall.Shmdt:
                return space.Areas.Find(a[0]) is { } attached ? space.TryUnmap(attached.Start, attached.Length) : Errno.EINVAL;
            case SystemCall.Mincore:
                return MinCore(space, a[0], a[1]);
            default:
                throw new InvalidOperationException($"{e.Call.Number.Name()} has no shape and is not planned.");
        }
    }

    /// <summary>Looks at the first pages of each area, so that no length takes much memory or time; a hole ends it.</summary>
    private Errno MinCore(AddressSpace space, ulong address, ulong length)
    {
        const ulong Most = (ulong)MinCorePages << Page.Shift;
        if (!UserSpace.Contains(address, length)) return space.TryMinCore(address, length, _residency);
        for (ulong end = address + Page.Ceiling(length); end - address > Most;)
        {
            if (space.TryMinCore(address, Most, _residency) is not Errno.None and var error) return error;
            if (space.Areas.Find(address) is not { } area) return Errno.ENOMEM;
            address = Math.Clamp(area.End, address + Most, end);
            length = end - address;
        }

        return space.TryMinCore(address, length, _residency);
    }

    private void Map(AddressSpace space, in TraceEvent e)
    {
        CallArguments a = e.Call.Arguments;
        var (rights, flags) = ((Protection)a[2], (MapFlags)a[3]);
        VmFile? file = (flags & MapFlags.Anonymous) != 0 ? null : FileOf(e);
        bool placed = e.Call.Errno == 0 && (flags & Exact) == 0 && IsPlace(e, a[1]);
        RecordedPlace? place = placed ? new RecordedPlace((ulong)e.Call.Result) : null;
        Errno error = space.MapPlaced(a[0], a[1], rights, flags, file, a[5], place, out ulong mapped);
        if (placed && error == Errno.EEXIST)
        {
            // What is there cannot be there on Linux. From here on it is as recorded.
            Replace(tally, e);
            error = space.TryMap((ulong)e.Call.Result, a[1], rights, flags | MapFlags.Fixed, file, a[5], out mapped);
        }
        else
        {
            Compare(e, error);
        }

        ComparePlace(e, place);
        if (error == Errno.None && e.Call.Errno != 0) space.TryUnmap(mapped, a[1]); // Linux has nothing there
    }

    private void Remap(AddressSpace space, in TraceEvent e)
    {
        CallArguments a = e.Call.Arguments;
        var flags = (RemapFlags)a[3];
        bool placed = e.Call.Errno == 0 && (flags & RemapFlags.Fixed) == 0 && (ulong)e.Call.Result != a[0] && IsPlace(e, a[2]);
        RecordedPlace? place = placed ? new RecordedPlace((ulong)e.Call.Result) : null;
        var request = new RemapRequest(a[0], Page.Ceiling(a[1]), Page.Ceiling(a[2]), flags, a[4]) { Place = place };
        Errno error = space.RemapPlaced(request, out ulong mapped);
        Compare(e, e.Call.Errno == 0 ? error == Errno.None : (int)error == e.Call.Errno, mapped, error);
        ComparePlace(e, place);
        if (error != Errno.None || e.Call.Errno != 0 || mapped == (ulong)e.Call.Result) return;

        // In place here and moved on Linux, or the other way round.
        tally.Disagree(AgreementKind.Placement, DisagreementNames.OtherPlace, e, Describe(e, mapped));
        space.TryRemap(mapped, a[2], a[2], RemapFlags.MayMove | RemapFlags.Fixed, (ulong)e.Call.Result, out _);
    }

    /// <summary>False for what Linux cannot have returned: a recording may say anything.</summary>
    private static bool IsPlace(in TraceEvent e, ulong length) =>
        Page.IsAligned((ulong)e.Call.Result) && UserSpace.Contains((ulong)e.Call.Result, length);

    /// <summary>Shared memory is a file that its mapping line names.</summary>
    private void Attach(AddressSpace space, in TraceEvent e)
    {
        MappingData line = run.Plan.Recording[run.Plan.Recording.MappingsOf(e.Index)[0]].Mapping;
        var rights = (Protection)(line.Rights & ~MappingRights.Shared);
        Compare(e, space.TryMap(line.Start, line.Length, rights, MapFlags.Shared | MapFlags.FixedNoReplace, FileOf(e), line.Offset, out _));
    }

    /// <summary>A descriptor is known by the mapping line of a map that succeeded.</summary>
    private VmFile FileOf(in TraceEvent e)
    {
        ReadOnlySpan<int> lines = run.Plan.Recording.MappingsOf(e.Index);
        if (lines.Length == 0) return run.Files.Special("a descriptor");
        ref readonly MappingData line = ref run.Plan.Recording[lines[0]].Mapping;
        return run.Files.Of(line, run.Plan.Recording.Strings[line.Path]);
    }

    private void Compare(in TraceEvent e, Errno error) => Compare(e, (int)error == e.Call.Errno, result: 0, error);

    private void Compare(in TraceEvent e, bool agrees, ulong result, Errno error)
    {
        if (error == Errno.ENOMEM && e.Call.Errno == 0 && run.Memory.FreeFrames == 0) throw run.Exhausted();
        if (agrees)
        {
            tally.Agree(AgreementKind.Calls);
            return;
        }

        string name = $"{e.Call.Number.Name()}: {Outcome(e.Call.Errno)} in the recording, {Outcome((int)error)} here";
        tally.Disagree(AgreementKind.Calls, name, e, Describe(e, result, error));
    }

    private void ComparePlace(in TraceEvent e, RecordedPlace? place)
    {
        if (place?.Found is not { } found) return;
        if (found == (ulong)e.Call.Result) tally.Agree(AgreementKind.Placement);
        else tally.Disagree(AgreementKind.Placement, DisagreementNames.OtherPlace, e, Describe(e, found));
    }

    private static void Replace(Tally tally, in TraceEvent e)
    {
        string name = $"{e.Call.Number.Name()}: {DisagreementNames.Occupied}";
        tally.Disagree(AgreementKind.Calls, name, e, Describe(e, 0, Errno.EEXIST));
    }

    private void CompareAreas(AddressSpace space, in TraceEvent e)
    {
        if (e.Call.Errno != 0) return;
        foreach (int index in run.Plan.Recording.MappingsOf(e.Index))
        {
            MappingData line = run.Plan.Recording[index].Mapping;
            VmArea? area = space.Areas.Find(line.Start);
            if (AreaDifference.Of(line, area) is not { } difference)
            {
                tally.Agree(AgreementKind.Areas);
                continue;
            }

            int call = e.Index;
            tally.Disagree(AgreementKind.Areas, difference, e, () => (
                $"{Text(run.Plan.Recording[call])}: {line.Start:x}-{line.End:x} {Rights(line)} {run.Plan.Recording.Strings[line.Path]}",
                area?.ToString() ?? "nothing"));
        }
    }

    private static Func<(string, string)> Describe(in TraceEvent e, ulong result, Errno error = Errno.None)
    {
        TraceEvent copy = e;
        return () => ($"{Text(copy)} = {Result(copy.Call.Errno, (ulong)copy.Call.Result)}", Result((int)error, result));
    }

    private static string Rights(in MappingData line) =>
        AreaText.Rights((Protection)(line.Rights & ~MappingRights.Shared), (line.Rights & MappingRights.Shared) != 0);

    private static string Text(in TraceEvent e)
    {
        CallArguments a = e.Call.Arguments;
        var arguments = new List<string>();
        for (int i = 0; i < e.Call.Number.ArgumentCount(); i++) arguments.Add($"0x{a[i]:x}");
        return $"{e.Call.Number.Name()}({string.Join(", ", arguments)})";
    }

    private static string Result(int errno, ulong value) => errno == 0 ? $"0x{value:x}" : Outcome(errno);

    private static string Outcome(int errno) => errno == 0 ? "success" : Enum.IsDefined((Errno)errno) ? ((Errno)errno).ToString() : $"errno {errno}";
}
