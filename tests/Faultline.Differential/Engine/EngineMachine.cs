using System.Text;
using Faultline.Differential.Host;
using Faultline.Differential.Programs;
using Faultline.Files;
using Faultline.Physical;

namespace Faultline.Differential.Engine;

/// <summary>Faultline's side. Its end checks that all frames came home.</summary>
internal sealed class EngineMachine : IMachine, IDisposable
{
    private readonly List<(AddressSpace Space, MemoryAccessor Accessor)> _processes = [];
    private readonly PhysicalMemory _memory;
    private readonly Layout _layout;
    private readonly MemoryFile _growing, _readOnly, _writeOnly;

    public EngineMachine(PhysicalMemory memory, Layout layout, AddressSpaceOptions options)
    {
        _memory = memory;
        _layout = layout;
        _growing = new MemoryFile(memory);
        _readOnly = new MemoryFile(memory, length: TestFiles.FixedLength, access: FileAccess.Read);
        _writeOnly = new MemoryFile(memory, length: TestFiles.FixedLength, access: FileAccess.Write);
        var space = new AddressSpace(memory, options);
        space.Reset(layout.Heap);

        // The guard below a stack keeps its distance from the host's program too, and limits count it. Shared, so that no private area can merge with it.
        space.Map(HostProgram.Data, Layout.PageSize, Protection.ReadWrite, MapFlags.Private | MapFlags.Fixed);
        space.Map(HostProgram.Text, Layout.PageSize, Protection.Read | Protection.Execute, MapFlags.Shared | MapFlags.Fixed);
        Add(space);
    }

    public string Do(int process, Step step)
    {
        (AddressSpace space, MemoryAccessor accessor) = _processes[process];
        ulong at = _layout.Address(step.At), length = step.Length.Bytes;
        ulong address = 0;
        switch (step.Call)
        {
            case Call.Map when step.File == TestFile.None: return Result(space.TryMap(at, length, (Protection)step.Bits, (MapFlags)step.Flags, out address), address);
            case Call.Map:
                return Result(space.TryMap(at, length, (Protection)step.Bits, (MapFlags)step.Flags, FileOf(step), step.Offset.Bytes, out address), address);
            case Call.Unmap: return Result(space.TryUnmap(at, length));
            case Call.Protect: return Result(space.TryProtect(at, length, (Protection)step.Bits));
            case Call.Remap:
                return Result(space.TryRemap(at, length, step.NewLength.Bytes, (RemapFlags)step.Flags, _layout.Address(step.To), out address), address);
            case Call.Advise: return Result(space.TryAdvise(at, length, (Advice)step.Bits));
            case Call.Lock: return Result(space.TryMemoryLock(at, length, step.Bits != 0));
            case Call.Unlock: return Result(space.TryMemoryUnlock(at, length));
            case Call.LockAll: return Result(space.TryMemoryLockAll((LockAllFlags)step.Bits));
            case Call.UnlockAll:
                space.MemoryUnlockAll();
                return Result(Errno.None);
            case Call.Limit: return SetLimit(space.Limits, step.Bits, length);
            case Call.Core: return Core(space, at, length);
            case Call.Sync: return Result(space.TryMemorySync(at, length, (SyncFlags)step.Flags));
            case Call.Truncate or Call.FileWrite when step.File == TestFile.ReadOnly: return Result(step.Call == Call.Truncate ? Errno.EINVAL : Errno.EBADF);
            case Call.Truncate:
                FileOf(step).SetLength(length);
                return Result(Errno.None);
            case Call.FileRead when step.File == TestFile.WriteOnly: return Result(Errno.EBADF);
            case Call.FileRead: return ReadFile(FileOf(step), step.Offset.Bytes);
            case Call.FileWrite:
                FileOf(step).Write(step.Offset.Bytes, [(byte)step.Bits]);
                return Result(Errno.None);
            case Call.Brk:
                _ = space.TryBrk(at, out address); // as the system call, which tells an error by the end that did not move
                return Result(Errno.None, address);
            case Call.Read: return Access(() => accessor.Read<byte>(at));
            case Call.Write:
                return Access(() =>
                {
                    accessor.Write(at, (byte)step.Bits);
                    return 0;
                });
            case Call.Execute:
                try
                {
                    accessor.Fetch<byte>(at);
                    return StateText.Fetch(FaultSignal.None);
                }
                catch (MemoryFaultException fault)
                {
                    return StateText.Fetch(fault.Signal);
                }

            case Call.Fill:
                for (ulong page = 0; page < step.Length.Pages; page++)
                    space.Map(at + (page * Layout.PageSize), Layout.PageSize, (Protection)(page & 1), MapFlags.Private | MapFlags.Fixed);
                return "ok";
            case Call.Fork:
                Errno error = space.TryFork(out AddressSpace? child);
                if (child is not null) Add(child);
                return Result(error);
            default:
                _processes.RemoveAt(process);
                accessor.Dispose();
                space.Dispose();
                return Result(Errno.None);
        }
    }

    public string Smaps(int process) => _processes[process].Space.Smaps();

    public IReadOnlyList<AreaInfo> Areas(int process) => _processes[process].Space.ListAreas();

    /// <summary>The first process's boundaries between areas, but the one in the host's program.</summary>
    public IEnumerable<AreaBoundary> Boundaries() => _processes[0].Space.ListBoundaries().Where(boundary => boundary.Below.Start is not (HostProgram.Data or HostProgram.Text));

    public void Describe(int process, StringBuilder text)
    {
        AddressSpace space = _processes[process].Space;
        foreach (AreaInfo area in Areas(process))
        {
            if (area.Start is HostProgram.Data or HostProgram.Text) continue;
            StateText.AppendArea(text, _layout, area.Start, area.End, RightsOf(area), area.Offset, NameOf(area), area.Flags);
            PageContents.Append(text, _layout, space, area);
            if (area.Name is ['/', ..]) AppendCached(text, space, area);
            text.Append('\n');
        }
    }

    public void Dispose()
    {
        foreach ((AddressSpace space, MemoryAccessor accessor) in _processes)
        {
            accessor.Dispose();
            space.Dispose();
        }

        _processes.Clear();
        _growing.Dispose();
        _readOnly.Dispose();
        _writeOnly.Dispose();
        Assert.Equal(_memory.CapacityInFrames, _memory.FreeFrames);
    }

    private void Add(AddressSpace space) => _processes.Add((space, space.CreateAccessor()));

    public static string RightsOf(AreaInfo area) =>
        $"{(area.Protection.HasFlag(Protection.Read) ? 'r' : '-')}{(area.Protection.HasFlag(Protection.Write) ? 'w' : '-')}"
        + $"{(area.Protection.HasFlag(Protection.Execute) ? 'x' : '-')}{(area.IsShared ? 's' : 'p')}";

    // The object behind shared anonymous memory has a name that the host numbers.
    private static string NameOf(AreaInfo area) => area.Name is ['[', ..] name ? name : "";

    private static string Access(Func<byte> access)
    {
        try
        {
            return StateText.Signal(FaultSignal.None, access());
        }
        catch (MemoryFaultException fault)
        {
            return StateText.Signal(fault.Signal, 0);
        }
    }

    private MemoryFile FileOf(Step step) => step.File switch
    {
        TestFile.Growing => _growing,
        TestFile.ReadOnly => _readOnly,
        _ => _writeOnly,
    };

    private static string ReadFile(MemoryFile file, ulong offset)
    {
        Span<byte> value = stackalloc byte[1];
        return file.Read(offset, value) == 0 ? "ok" : StateText.Signal(FaultSignal.None, value[0]);
    }

    private static void AppendCached(StringBuilder text, AddressSpace space, AreaInfo area)
    {
        Span<byte> buffer = stackalloc byte[StateText.LongestRun];
        foreach ((ulong start, int pages) in StateText.Runs(area.Start, area.End))
        {
            space.MinCore(start, (ulong)pages * Layout.PageSize, buffer);
            StateText.AppendCached(text, buffer[..pages]);
        }
    }

    private static string Core(AddressSpace space, ulong at, ulong length)
    {
        Span<byte> residency = new byte[StateText.CorePages];
        Errno error = space.TryMinCore(at, length, residency);
        int pages = (int)Math.Min((length + Layout.PageSize - 1) / Layout.PageSize, StateText.CorePages);
        return error != Errno.None ? error.ToString() : StateText.Residency(residency[..pages]);
    }

    private static string SetLimit(ResourceLimits limits, int resource, ulong value)
    {
        const int Data = 2, Stack = 3, MemoryLock = 8;
        switch (resource)
        {
            case Data:
                limits.Data = value;
                break;
            case Stack:
                limits.Stack = value;
                break;
            case MemoryLock:
                limits.MemoryLock = value;
                break;
            default:
                limits.AddressSpace = value;
                break;
        }

        return "ok";
    }

    private string Result(Errno error, ulong address = 0) => StateText.Result(_layout, error, error == Errno.None ? address : 0);
}
