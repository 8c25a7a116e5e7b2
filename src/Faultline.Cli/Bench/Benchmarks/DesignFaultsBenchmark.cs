using System.Diagnostics;

namespace Faultline.Cli.Bench.Benchmarks;

/// <summary>Faults of one or more threads in one space, with no writer anywhere: what each design costs by itself.</summary>
/// <param name="threads">Each with a part of its own.</param>
/// <param name="oneArea">All parts lie in one area, as in pft; else each is an area.</param>
internal sealed class DesignFaultsBenchmark(int threads, bool oneArea) : Benchmark
{
    private const int Part = 16 << 20;
    private const string UnderRanges = Names.Speculative + ", " + Names.RangeLock;

    public override string Name => oneArea ? $"designs/one-area-{threads}" : $"designs/faults-{threads}";

    public override string Summary =>
        $"anonymous write faults over {Part >> 20} MiB by {(threads == 1 ? "one thread" : $"each of {threads} threads")}, {(oneArea ? "all in one area" : "each in its own area")}, no writer";

    public override string Unit => "ns/fault";

    public override IReadOnlyList<Limit> Limits { get; } =
    [
        .. Names.Designs.Where(design => design.Design != FaultDesign.Classic)
            .Select(design => Limit.TimeAtMost(design.Name, Names.Classic, Bound(design.Design, threads))),
        Limit.TimeAtMost(UnderRanges, Names.Speculative, 1.02),
    ];

    public override OpenBenchmark Open()
    {
        var memory = Guest.Memory((long)threads * Part);
        var guests = Names.Designs.Select(design => (design.Name, Options: new AddressSpaceOptions { Design = design.Design }))
            .Append((Name: UnderRanges, Options: new AddressSpaceOptions { WriterLock = WriterLock.RangeLock }));
        var crews = guests.Select(guest => (guest.Name, Crew: new FaultCrew(new Guest(memory, guest.Options), threads, Part, oneArea))).ToArray();
        return new OpenBenchmark([.. crews.Select(c => new Variant(c.Name, c.Crew.Measure, c.Crew.Space))], [memory, .. crews.Select(c => c.Crew)]);
    }

    // Alone, the area's lock is paid for and spares nothing.
    private static double Bound(FaultDesign design, int threads) => design == FaultDesign.AreaLock && threads == 1 ? 1.20 : 1.00;
}

/// <summary>Threads that fault in one space, each over a part of its own.</summary>
internal sealed class FaultCrew : IDisposable
{
    private readonly Guest _guest;
    private readonly MemoryAccessor[] _accessors;
    private readonly ulong[] _starts;
    private readonly int _part;

    public FaultCrew(Guest guest, int threads, int part, bool oneArea)
    {
        _guest = guest;
        _part = part;
        _accessors = [.. Enumerable.Range(0, threads).Select(_ => guest.Space.CreateAccessor())];
        ulong whole = oneArea ? guest.Map(threads * part) : 0;
        _starts = [.. Enumerable.Range(0, threads).Select(i => oneArea ? whole + ((ulong)i * (ulong)part) : MapApart(guest, part))];
    }

    public AddressSpace Space => _guest.Space;

    /// <summary>The mean time of a fault in its thread.</summary>
    public Reading Measure(int repetitions)
    {
        long[] ticks = new long[_accessors.Length];
        using var start = new Barrier(_accessors.Length);
        var others = Enumerable.Range(1, _accessors.Length - 1).Select(i => new Thread(() => ticks[i] = Fault(i, repetitions, start))).ToArray();
        foreach (var other in others) other.Start();
        ticks[0] = Fault(0, repetitions, start);
        foreach (var other in others) other.Join();
        return new(Reading.Nanoseconds(ticks.Sum()) / ((double)ticks.Length * repetitions * (_part / Page.Size)));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var accessor in _accessors) accessor.Dispose();
        _guest.Dispose();
    }

    /// <summary>All threads begin each pass together; emptying the part again is not timed, and takes the lock for read.</summary>
    private long Fault(int thread, int repetitions, Barrier start)
    {
        long ticks = 0;
        for (int i = 0; i < repetitions; i++)
        {
            start.SignalAndWait();
            long before = Stopwatch.GetTimestamp();
            GuestFaults.Touch(_accessors[thread], _starts[thread], _part);
            ticks += Stopwatch.GetTimestamp() - before;
            start.SignalAndWait();
            _guest.Space.Advise(_starts[thread], (ulong)_part, Advice.DontNeed);
        }

        return ticks;
    }

    /// <summary>A part that does not merge with its neighbour: the page before it is of another kind.</summary>
    private static ulong MapApart(Guest guest, int part)
    {
        ulong start = guest.Map(part + Page.Size);
        guest.Space.Protect(start, Page.Size, Protection.Read);
        return start + Page.Size;
    }
}
