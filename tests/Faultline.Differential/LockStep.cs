using System.Security.Cryptography;
using System.Text;
using Faultline.Differential.Engine;
using Faultline.Differential.Host;
using Faultline.Differential.Programs;
using Faultline.Physical;

namespace Faultline.Differential;

/// <summary>Runs programs step by step on both sides and compares them after each step.</summary>
internal sealed class LockStep : IDisposable
{
    private const long Frames = 1 << 16;

    // A fault needs a frame and up to three tables: with fewer left, one may have failed.
    private const long FramesOfAFault = 4;

    private const int MaximumProcesses = 3;
    private const int WindowPages = 48, NearPages = 12;

    private static readonly Place[] s_places =
    [
        .. Enumerable.Range(0, WindowPages).Select(page => new Place(Region.Window, page, 0)),
        .. Enumerable.Range(-NearPages, NearPages).Select(page => new Place(Region.Top, page, 0)),
        .. Enumerable.Range(0, NearPages).Select(page => new Place(Region.Heap, page, 0)),
    ];

    private readonly HostMachine _host;
    private readonly bool _isWindow;
    private readonly PhysicalMemory _memory;
    private readonly StringBuilder _before = new(), _ours = new(), _theirs = new();

    private readonly OneProcessor _processor;

    // By hash: what is counted are hundreds of thousands, so that none of 64 bits is met twice.
    private readonly HashSet<ulong> _sequences = [], _distinct = [];

    private LockStep(HostMachine host, OneProcessor processor, long frames, bool isWindow)
    {
        _isWindow = isWindow;
        _memory = new PhysicalMemory(new PhysicalMemoryOptions { CapacityInFrames = frames, PoisonFreedFrames = true });
        _host = host;
        _processor = processor;
    }

    public long Programs { get; private set; }

    /// <summary>Sequences of calls among the programs, whatever the calls' arguments and processes.</summary>
    public int DistinctSequences => _sequences.Count;

    /// <summary>Programs that are no other program again.</summary>
    public int DistinctPrograms => _distinct.Count;

    public long Steps { get; private set; }

    /// <summary>Programs that met a known difference, or needed more frames than the arena has.</summary>
    public long CutShort { get; private set; }

    /// <param name="frames">The engine's.</param>
    /// <param name="isWindow">The host's side is a window of this process: of programs only the steps that <see cref="WindowRules"/> admits are run.</param>
    /// <exception cref="HostException">The host does not allow it.</exception>
    public static LockStep Start(long frames = Frames, bool isWindow = false)
    {
        HostRules.Require();
        var processor = new OneProcessor();
        try
        {
            return new LockStep(isWindow ? HostMachine.StartInWindow() : HostMachine.Start(), processor, frames, isWindow);
        }
        catch
        {
            processor.Dispose();
            throw;
        }
    }

    /// <summary>Runs a program to its end or to the first difference.</summary>
    /// <param name="program">What is run.</param>
    /// <param name="options">The engine's options; null for those that the host calls for.</param>
    /// <param name="results">Gets each step's result; null if nobody asks.</param>
    /// <returns>What differs, for a reader; null if nothing does.</returns>
    public string? Compare(CallProgram program, AddressSpaceOptions? options = null, List<string>? results = null)
    {
        if (_isWindow) program = WindowRules.Restrict(program);
        Programs++;
        _distinct.Add(Hash(program.ToString()));
        _sequences.Add(Hash(string.Join(' ', program.Steps.Select(step => step.Call))));
        _host.Begin(program.IsPrivileged);
        using var engine = new EngineMachine(_memory, _host.Layout, options ?? HostRules.Options(_host, program));
        int processes = 1;
        for (int i = 0; i < program.Steps.Count; i++)
        {
            Step step = program.Steps[i];
            int process = step.Process % processes;
            if (step.Call == Call.Fork && processes == MaximumProcesses) continue;
            if (step.Call == Call.Exit && process == 0) continue;
            _before.Clear();
            engine.Describe(process, _before);
            IReadOnlyList<AreaInfo> before = engine.Areas(process);
            (string ours, string theirs) = Do(engine, process, step);
            Steps++;
            results?.Add(ours);
            if (_memory.FreeFrames < FramesOfAFault || (ours != theirs && KnownDifferences.Explain(step, ours, theirs, before)))
            {
                CutShort++;
                return null;
            }

            bool agree = ours == theirs;
            if (agree && step.Call == Call.Fork) agree = StatesAgree(engine, processes++);
            if (agree && step.Call == Call.Exit) processes--;
            else if (agree) agree = StatesAgree(engine, process);
            if (!agree && ((ours == theirs && KnownDifferences.Explain(step)) || KnownDifferences.Explain(program, i)))
            {
                CutShort++;
                return null;
            }

            if (!agree) return Report($"step {i + 1}, {step}", ours, theirs);
        }

        return CompareWhatIsRead(engine, processes);
    }

    /// <summary>Runs a program of one process on the engine alone, and says what keeps its areas apart at the end.</summary>
    public IReadOnlyList<AreaBoundary> Explain(CallProgram program)
    {
        using var engine = new EngineMachine(_memory, _host.Layout, HostRules.Options(_host, program));
        foreach (Step step in program.Steps) engine.Do(process: 0, step);
        return [.. engine.Boundaries()];
    }

    /// <summary>As <see cref="Compare"/>; a difference fails the test.</summary>
    public void MustAgree(CallProgram program, List<string>? results = null)
    {
        if (Compare(program, results: results) is { } difference) Assert.Fail($"{difference}program:\n{program}");
    }

    /// <summary>
    /// As <see cref="MustAgree"/> for programs with very many areas: after each step the result alone is compared, after the last the places and rights of all areas.
    /// </summary>
    public void MustAgreeByResults(CallProgram program, List<string> results)
    {
        _host.Begin(program.IsPrivileged);
        using var engine = new EngineMachine(_memory, _host.Layout, HostRules.Options(_host, program));
        foreach (Step step in program.Steps)
        {
            (string ours, string theirs) = (engine.Do(step.Process, step), _host.Do(step.Process, step));
            Assert.True(ours == theirs, $"Different at {step}\nFaultline: {ours}\nhost: {theirs}\nresults before: {string.Join(", ", results)}\nprogram:\n{program}");
            results.Add(ours);
        }

        Assert.Equal(_host.Areas(process: 0), engine.Areas(process: 0).Skip(HostProgram.Areas).Select(area => $"{area.Start:x8}-{area.End:x8} {EngineMachine.RightsOf(area)}"));
    }

    /// <summary>Runs a program and returns what both sides' <c>smaps</c> count then, in each process: a line an area, without areas that the host's program has of its own.</summary>
    public (IReadOnlyList<string> Ours, IReadOnlyList<string> Theirs) Usage(CallProgram program, int processes)
    {
        _host.Begin(program.IsPrivileged);
        using var engine = new EngineMachine(_memory, _host.Layout, HostRules.Options(_host, program));
        foreach (Step step in program.Steps) Assert.Equal(_host.Do(step.Process, step), engine.Do(step.Process, step));
        IEnumerable<int> all = Enumerable.Range(0, processes);
        return ([.. all.SelectMany(process => UsageText.Lines(engine.Smaps(process)))], [.. all.SelectMany(process => UsageText.Lines(_host.Smaps(process)))]);
    }

    public void Dispose()
    {
        _host.Dispose();
        _memory.Dispose();
        _processor.Dispose();
    }

    /// <summary>At the end each process reads its mapped pages: value or signal; then all that this has faulted in.</summary>
    private string? CompareWhatIsRead(EngineMachine engine, int processes)
    {
        for (int process = 0; process < processes; process++)
        {
            _before.Clear();
            engine.Describe(process, _before);
            foreach (Place place in s_places)
            {
                ulong address = _host.Layout.Address(place);
                if (!engine.Areas(process).Any(area => area.Start <= address && address < area.End)) continue;
                var step = new Step(Call.Read, process, place, default, default, default, 0, 0);
                (string ours, string theirs) = Do(engine, process, step);
                if (ours != theirs) return Report($"the end, {step}", ours, theirs);
            }

            if (!StatesAgree(engine, process)) return Report("the end, after all reads", "", "");
        }

        return null;
    }

    /// <summary>Both results; without the kind of a signal where the host's side cannot tell it.</summary>
    private (string Ours, string Theirs) Do(EngineMachine engine, int process, Step step)
    {
        (string ours, string theirs) = (engine.Do(process, step), _host.Do(process, step));
        return _isWindow && step.Call is Call.Read or Call.Write && IsSignal(ours) && IsSignal(theirs) ? ("a signal", "a signal") : (ours, theirs);

        static bool IsSignal(string result) => Enum.TryParse<FaultSignal>(result, out _) && char.IsAsciiLetterUpper(result[0]);
    }

    private static ulong Hash(string text) => BitConverter.ToUInt64(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private bool StatesAgree(EngineMachine engine, int process)
    {
        _ours.Clear();
        _theirs.Clear();
        engine.Describe(process, _ours);
        _host.Describe(process, _theirs);
        return _ours.Equals(_theirs);
    }

    private string Report(string where, string ours, string theirs) =>
        $"Different at {where}\nbefore:\n{_before}Faultline: {ours}\n{_ours}host: {theirs}\n{_theirs}";
}
