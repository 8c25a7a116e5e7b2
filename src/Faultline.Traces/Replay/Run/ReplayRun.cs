using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Traces.Replay;

/// <summary>One replay of a plan under one design: the memory, the spaces, the threads, and what they came to.</summary>
internal sealed class ReplayRun : IDisposable
{
    private readonly CancellationToken _cancellation;
    // By number. Set once: by the exec or fork that makes the space, whose followers wait for it, or by compare-and-swap.
    private readonly Ref<RunningSpace?>[] _spaces;
    private readonly Crew _crew;
    private readonly long _framesAtStart;
    private readonly bool _ownsMemory;
    private readonly SpaceTotals _totals = new();

    /// <summary>A run over <paramref name="memory"/>, or over memory of its own if that is null.</summary>
    public ReplayRun(ReplayPlan plan, DesignPair design, ReplayOptions options, PhysicalMemory? memory, CancellationToken cancellation)
    {
        Plan = plan;
        Options = options;
        Design = design;
        _cancellation = cancellation;
        _spaces = new Ref<RunningSpace?>[plan.Recording.SpaceCount];
        _ownsMemory = memory is null;
        Memory = memory ?? NewMemory(plan, options, prefault: false);
        _framesAtStart = Memory.FreeFrames;
        Files = new FileTable(Memory);
        Completion = new Completion(plan.Recording.Events.Length);
        Races = new RaceTable(plan.Races);
        _crew = new Crew(plan.MostLive, () => new Worker(options.Examples), (worker, thread) => new ThreadReplay(this, worker, thread).Run())
        {
            OnFailure = Completion.Stop,
        };
    }

    public ReplayPlan Plan { get; }

    public ReplayOptions Options { get; }

    public DesignPair Design { get; }

    public PhysicalMemory Memory { get; }

    public FileTable Files { get; }

    public Completion Completion { get; }

    public RaceTable Races { get; }

    /// <summary>Called with each space and its number when nothing more will be done in it, before it goes; by any thread, one at a time for each space.</summary>
    public Action<int, AddressSpace>? Leaving { get; init; }

    public DesignReport Run(Action<long> progress)
    {
        long start = Clock.Timestamp;
        foreach (ThreadPlan thread in Plan.Threads)
        {
            if (thread.Start < 0) _crew.Start(thread);
        }

        _crew.Join(() =>
        {
            progress(_crew.Workers.Sum(worker => worker.Done));
            if (_cancellation.IsCancellationRequested) Completion.Stop();
        });
        long wall = Clock.Nanoseconds(start, Clock.Timestamp);
        _cancellation.ThrowIfCancellationRequested();
        return Report(wall);
    }

    /// <summary>Waits until an operation of another thread is complete; false if the replay has stopped.</summary>
    public bool WaitFor(int operation, Worker worker)
    {
        if (Completion.TrySpin(operation)) return !Completion.IsStopped;
        _crew.BeginWait();
        while (!Completion.IsComplete(operation) && !Completion.IsStopped) Completion.Sleep(operation, worker.Parker);
        _crew.EndWait();
        return !Completion.IsStopped;
    }

    /// <summary>The space of an operation. Those that a fork or exec makes exist by then; others come with their first thread.</summary>
    public RunningSpace Space(int number)
    {
        if (_spaces[number].LoadAcquire() is { } space) return space;
        var made = new RunningSpace(number, NewSpace(mmapBase: 0), Plan.SpaceUsers[number]);
        made.Space.Reset(Plan.Survey.BreakStart[number]);
        if (_spaces[number].CompareExchange(made, null) is not { } first) return made;
        made.Space.Dispose();
        return first;
    }

    /// <summary>The space that an exec or a fork made.</summary>
    public RunningSpace Publish(int number, AddressSpace space)
    {
        var running = new RunningSpace(number, space, Plan.SpaceUsers[number]);
        _spaces[number].StoreRelease(running);
        return running;
    }

    /// <summary>A thread has left a space for good; the last one takes it down, as on Linux.</summary>
    public void Leave(RunningSpace space)
    {
        if (space.Leave()) TakeDown(space);
    }

    /// <summary>The space that a fork made, if anybody does something in it; if not, it has come and gone.</summary>
    public void PublishFork(int number, AddressSpace space)
    {
        RunningSpace running = Publish(number, space);
        if (Plan.SpaceUsers[number] == 0) TakeDown(running);
    }

    private void TakeDown(RunningSpace space)
    {
        Leaving?.Invoke(space.Number, space.Space);
        space.Space.Dispose();
        _totals.Add(space.Space);
    }

    public void Start(ThreadPlan thread) => _crew.Start(thread);

    /// <summary>No frame is left though the recording goes on.</summary>
    public ReplayException Exhausted() => new(
        ReplayFailure.OutOfMemory,
        $"the replay needs more than its {Memory.CapacityInFrames:N0} frames ({Memory.CapacityInFrames >> FramesPerMebibyteShift:N0} MiB) of memory",
        Options.Frames is null
            ? "Replay it on a host with more memory"
            : $"Give it more with --memory: {Bound(Plan) >> FramesPerMebibyteShift} MiB suffice in any case");

    public void Dispose()
    {
        foreach (ref Ref<RunningSpace?> space in _spaces.AsSpan()) space.LoadAcquire()?.Space.Dispose();
        Files.Dispose();
        if (_ownsMemory) Memory.Dispose();
    }

    /// <summary>As much memory as the options say, or as the recording can need.</summary>
    public static PhysicalMemory NewMemory(ReplayPlan plan, ReplayOptions options, bool prefault) =>
        new(new PhysicalMemoryOptions { CapacityInFrames = options.Frames ?? Capacity(plan), PoisonFreedFrames = false, Prefault = prefault });

    private const int FramesPerMebibyteShift = 8;

    /// <summary>An empty space; the mapping base is the end of the first thing that was placed, 0 if it is not known.</summary>
    public AddressSpace NewSpace(ulong mmapBase)
    {
        try
        {
            return new AddressSpace(Memory, SpaceOptions(mmapBase));
        }
        catch (AddressSpaceException e) when (e.Error == Errno.ENOMEM)
        {
            throw Exhausted();
        }
        catch (ArgumentException e)
        {
            throw new ReplayException(ReplayFailure.ImpossibleRecording, $"the recording says of its machine what cannot be: {e.Message}", "Record again", e);
        }
    }

    /// <summary>What Linux had, as far as the recording says.</summary>
    private AddressSpaceOptions SpaceOptions(ulong mmapBase)
    {
        MachineFacts? machine = Plan.Recording.Header.Machine;
        var defaults = new AddressSpaceOptions();
        var limits = new ResourceLimits { MemoryLock = ResourceLimits.Unlimited };
        if (machine?.StackLimit is { } stack) limits.Stack = (ulong)stack;
        return new AddressSpaceOptions
        {
            Design = Design.Design,
            WriterLock = Design.WriterLock,
            SingleThreadShortcut = Options.ShortCut,
            MmapBase = mmapBase != 0 ? mmapBase : defaults.MmapBase,
            MinimumAddress = (ulong?)machine?.MinimumAddress ?? defaults.MinimumAddress,
            MaximumAreas = (int)Math.Min(machine?.MaxMapCount ?? defaults.MaximumAreas, int.MaxValue),
            CommitLimit = machine is { OvercommitMemory: 0, MemoryBytes: { } bytes } ? (ulong)bytes : ulong.MaxValue,
            Privileged = true, // recording takes root
            Limits = limits,
        };
    }

    private DesignReport Report(long wall)
    {
        var tally = new Tally(Options.Examples);
        var latency = new LatencyRecorder();
        foreach (Worker worker in _crew.Workers)
        {
            tally.Add(worker.Tally);
            latency.Add(worker.Latency);
        }

        Files.Dispose();
        return new DesignReport
        {
            Design = Design.Design,
            WriterLock = Design.WriterLock,
            ShortCut = Options.ShortCut,
            WallNanoseconds = wall,
            Faults = _totals.Faults(),
            Latency = latency.Report(),
            Lock = _totals.Lock(),
            Agreement = tally.Report(),
            FramesLost = _framesAtStart - Memory.FreeFrames,
        };
    }

    // Idle magazines and retired tables hold some.
    private const long Slack = 1 << 14;

    /// <summary>Frames that are enough if nothing were ever given back, in whole MiB.</summary>
    private static long Bound(ReplayPlan plan) => (((plan.Survey.FrameBound >> FramesPerMebibyteShift) + 1) << FramesPerMebibyteShift) + Slack;

    /// <summary>Enough, within what the host has. Memory is used only as it is touched.</summary>
    private static long Capacity(ReplayPlan plan)
    {
        long host = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> Page.Shift;
        return Math.Min(Bound(plan), Math.Max(Slack, host / 4 * 3));
    }
}
