using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Faultline.Cli.Bench.Benchmarks;

/// <summary>One thread faults, another maps and unmaps elsewhere in the same space: what the whole project is about.</summary>
internal sealed class WriterFaultBenchmark : Benchmark
{
    private const int Length = 16 << 20;
    private const int Faults = Length / Page.Size;
    // A pair takes as long as one to four faults; classic faults can only get past a writer that sometimes waits.
    private const int FaultsPerPair = 40;
    private const int MostAttempts = 10;
    private const int PercentileOfTail = 99;
    private const string WithWriter = ", with a writer";
    private const string Word = "reader/writer word";

    public override string Name => "fault/writer";

    public override string Summary => "write faults over 16 MiB, alone and while another thread maps and unmaps without pause";

    public override string Unit => "ns/fault";

    public override IReadOnlyList<Limit> Limits { get; } =
    [
        Limit.TimeAtMost(Names.Speculative + WithWriter, Names.Speculative, 1.3),
        Limit.TimeAtMost(Names.Speculative + WithWriter, Names.Speculative, 1.5, Metric.P99),
    ];

    public override OpenBenchmark Open()
    {
        var memory = Guest.Memory(Length);
        var classic = new Guest(memory, FaultDesign.Classic);
        var speculative = new Guest(memory, FaultDesign.AreaSequence);
        var word = new ReaderWriterWord();
        return new OpenBenchmark(
            [
                new(Names.Speculative, n => Measure(speculative, null, n)),
                new(Names.Speculative + WithWriter, n => MeasureBesideWriter(speculative, null, n)),
                new(Names.Classic, n => Measure(classic, null, n)),
                new(Names.Classic + WithWriter, n => MeasureBesideWriter(classic, null, n)),

                // The word is the only lock that matters here: the space behind it never meets two threads at once.
                new(Word, n => Measure(speculative, word, n)),
                new(Word + WithWriter, n => MeasureBesideWriter(speculative, word, n)),
            ],
            memory, classic, speculative);
    }

    private static Reading MeasureBesideWriter(Guest guest, ReaderWriterWord? gate, int repetitions)
    {
        using var writer = new UnrelatedWriter(guest, gate);
        for (int attempt = 1; ; attempt++)
        {
            long before = writer.Pairs;
            var reading = Measure(guest, gate, repetitions);

            // Another process may have had the writer's core: then this was one thread alone.
            long wanted = Faults * repetitions / FaultsPerPair;
            if (writer.Pairs - before >= wanted || attempt == MostAttempts) return reading;
        }
    }

    private static Reading Measure(Guest guest, ReaderWriterWord? gate, int repetitions)
    {
        long[] ticks = new long[Faults * repetitions];
        for (int i = 0; i < repetitions; i++)
        {
            // The region itself changes with no more protection than a program gives it: it is this thread's own.
            gate?.EnterWrite();
            ulong start = guest.Map(Length);
            gate?.ExitWrite();
            var samples = ticks.AsSpan(i * Faults, Faults);
            if (gate is null) Touch(guest.Accessor, start, samples);
            else Touch(guest.Accessor, start, samples, gate);
            gate?.EnterWrite();
            guest.Unmap(start, Length);
            gate?.ExitWrite();
        }

        double mean = Reading.Nanoseconds(ticks.Sum()) / ticks.Length;
        Array.Sort(ticks);
        return new(mean, Reading.Nanoseconds(ticks[(int)((long)ticks.Length * PercentileOfTail / 100)]));
    }

    // One stamp per fault: the end of one is the start of the next.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Touch(MemoryAccessor accessor, ulong address, Span<long> samples)
    {
        long before = Stopwatch.GetTimestamp();
        for (int i = 0; i < samples.Length; i++, address += Page.Size)
        {
            accessor.Write(address, address);
            long now = Stopwatch.GetTimestamp();
            samples[i] = now - before;
            before = now;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Touch(MemoryAccessor accessor, ulong address, Span<long> samples, ReaderWriterWord gate)
    {
        long before = Stopwatch.GetTimestamp();
        for (int i = 0; i < samples.Length; i++, address += Page.Size)
        {
            gate.EnterRead();
            accessor.Write(address, address);
            gate.ExitRead();
            long now = Stopwatch.GetTimestamp();
            samples[i] = now - before;
            before = now;
        }
    }
}
