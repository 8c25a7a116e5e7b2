using System.Diagnostics;
using Faultline.Files;

namespace Faultline.Cli.Bench.Benchmarks;

/// <summary>What faults cost where an entry cannot say by a bit that its frame is no ordinary page: the area's start and offset must.</summary>
internal sealed class SpecialBitBenchmark(SpecialBitBenchmark.Kind kind) : Benchmark
{
    private const int Length = 16 << 20;
    private const string With = "special bit", Without = "no special bit";

    /// <summary>What is faulted in.</summary>
    public enum Kind
    {
        /// <summary>Private anonymous memory, read and then written: the page of zeroes, whose entry must be told from others, and then a page.</summary>
        Anonymous,

        /// <summary>A device's frames, shared.</summary>
        Raw,

        /// <summary>A device's frames, private, read and then written: the copy must know what it copies.</summary>
        Copy,
    }

    public override string Name => "fault/no-special-bit-" + kind switch
    {
        Kind.Anonymous => "anonymous",
        Kind.Raw => "raw",
        _ => "copy",
    };

    public override string Summary => kind switch
    {
        Kind.Anonymous => "anonymous pages read, then written: two faults each, one thread",
        Kind.Raw => "frames of a device written, shared, one thread",
        _ => "frames of a device read, then written, private: two faults each, one thread",
    };

    public override string Unit => "ns/page";

    public override IReadOnlyList<Limit> Limits { get; } = [Limit.TimeAtMost(Without, With, 1.05)];

    public override OpenBenchmark Open()
    {
        var memory = Guest.Memory(2 * Length);
        var device = new DeviceMemory(memory, "/dev/bench", new FileIdentity(0, 6, 1), Length / Page.Size);
        var with = new Guest(memory, new AddressSpaceOptions());
        var without = new Guest(memory, new AddressSpaceOptions { HasSpecialBit = false });
        return new OpenBenchmark([new(With, n => Measure(with, device, n)), new(Without, n => Measure(without, device, n))], memory, device, with, without);
    }

    private Reading Measure(Guest guest, DeviceMemory device, int repetitions)
    {
        long ticks = 0;
        for (int i = 0; i < repetitions; i++)
        {
            MapFlags flags = kind == Kind.Raw ? MapFlags.Shared : MapFlags.Private;
            ulong start = kind == Kind.Anonymous ? guest.Map(Length) : guest.Space.Map(0, Length, Protection.ReadWrite, flags, device, 0);
            long before = Stopwatch.GetTimestamp();
            if (kind != Kind.Raw) GuestFaults.Read(guest.Accessor, start, Length);
            GuestFaults.Touch(guest.Accessor, start, Length);
            ticks += Stopwatch.GetTimestamp() - before;
            guest.Unmap(start, Length);
        }

        return new(Reading.Nanoseconds(ticks) / ((double)repetitions * (Length / Page.Size)));
    }
}
