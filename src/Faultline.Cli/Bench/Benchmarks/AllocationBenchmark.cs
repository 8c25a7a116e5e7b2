namespace Faultline.Cli.Bench.Benchmarks;

/// <summary>Managed memory that faults and accesses allocate: none.</summary>
internal sealed class AllocationBenchmark : Benchmark
{
    private const int Length = 16 << 20;
    private const int FaultsPerPass = Length / Page.Size;
    private const int WantedFaults = 1_000_000;
    private const int Passes = WantedFaults / FaultsPerPass + 1;
    private const int Accesses = 1_000_000;
    private const string Access = "read and write hits";

    // The rounds together make the million: a single round stays short.
    private const int PassesPerRound = (Passes + BenchRunner.FewestRounds - 1) / BenchRunner.FewestRounds;

    public override string Name => "allocation";

    public override string Summary => "managed bytes allocated by faults and accesses, over all rounds more than a million of each";

    public override string Unit => "bytes";

    public override IReadOnlyList<Limit> Limits { get; } =
    [
        Limit.AtMost(Names.Classic, 0, "bytes"),
        Limit.AtMost(Names.Speculative, 0, "bytes"),
        Limit.AtMost(Access, 0, "bytes"),
    ];

    public override OpenBenchmark Open()
    {
        var memory = Guest.Memory(Length);
        var classic = new Guest(memory, FaultDesign.Classic);
        var speculative = new Guest(memory, FaultDesign.AreaSequence);
        return new OpenBenchmark(
            [
                new(Names.Classic, _ => OfFaults(classic)),
                new(Names.Speculative, _ => OfFaults(speculative)),
                new(Access, _ => OfAccesses(speculative)),
            ],
            memory, classic, speculative);
    }

    // Mapping allocates areas and tree nodes, and the first fault of an area its reverse map: each once in an area's life, and no fault's doing.
    private static Reading OfFaults(Guest guest)
    {
        long allocated = 0;
        ulong start = guest.MapTouched(Length);
        for (int i = 0; i < PassesPerRound; i++)
        {
            guest.Space.Advise(start, Length, Advice.DontNeed);
            long before = GC.GetAllocatedBytesForCurrentThread();
            GuestFaults.Touch(guest.Accessor, start, Length);
            allocated += GC.GetAllocatedBytesForCurrentThread() - before;
        }

        guest.Unmap(start, Length);
        return new(allocated);
    }

    private static Reading OfAccesses(Guest guest)
    {
        ulong start = guest.MapTouched(Page.Size);
        long sum = 0;
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < Accesses; i++)
        {
            guest.Accessor.Write(start, sum);
            sum += guest.Accessor.Read<long>(start);
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        guest.Unmap(start, Page.Size);
        return new(allocated);
    }
}
