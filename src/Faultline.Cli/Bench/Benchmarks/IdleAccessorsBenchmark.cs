namespace Faultline.Cli.Bench.Benchmarks;

/// <summary>A page mapped, written and unmapped while many accessors of the space do nothing: an unmap must not ask each of them.</summary>
internal sealed class IdleAccessorsBenchmark : Benchmark
{
    private const int Accessors = 256;
    private const ulong Touched = 1 << 30;
    private const string None = "no other accessor", Idle = "256 idle accessors";

    public override string Name => "designs/idle-accessors";

    public override string Summary => "one page mapped, written and unmapped, speculative, beside accessors that once touched a page and then did nothing";

    public override string Unit => "ns/pair";

    public override IReadOnlyList<Limit> Limits { get; } = [Limit.TimeAtMost(Idle, None, 1.20)];

    public override OpenBenchmark Open()
    {
        var memory = Guest.Memory(Page.Size);
        var alone = new Guest(memory, FaultDesign.AreaSequence);
        var crowded = new Guest(memory, FaultDesign.AreaSequence);
        var idle = Enumerable.Range(0, Accessors).Select(_ => crowded.Space.CreateAccessor()).ToArray();

        // Far from the page that is measured, whose tables go and come in both spaces.
        foreach (var guest in new[] { alone, crowded })
            guest.Space.Map(Touched, Page.Size, Protection.ReadWrite, MapFlags.Private | MapFlags.Fixed);
        foreach (var accessor in idle.Append(alone.Accessor)) accessor.Write(Touched, Touched);
        return new OpenBenchmark(
            [
                new(None, n => GuestFaults.MapUnmap(alone, touch: true, n), alone.Space),
                new(Idle, n => GuestFaults.MapUnmap(crowded, touch: true, n), crowded.Space),
            ],
            [memory, alone, crowded, .. idle]);
    }
}
