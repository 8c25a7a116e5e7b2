using System.Runtime.InteropServices;
using Faultline.Cli.Bench.Host;
using Faultline.Files;
using Faultline.Workloads;

namespace Faultline.Cli.Bench.Benchmarks;

/// <summary>Read faults on the cached pages of a file: sixteen pages a fault, on the host too.</summary>
internal sealed class FileReadBenchmark : Benchmark
{
    private const int Length = 16 << 20;
    private const int Pages = Length / (int)Page.Size;
    private const string HostDisk = "host, temporary folder's file system";

    public override string Name => "file/read";

    public override string Summary => "16 MiB of a memory file mapped privately and read, all pages cached, one thread; on the host's tmpfs";

    public override string Unit => "ns/page";

    public override IReadOnlyList<Limit> Limits { get; } =
    [
        Limit.TimeAtMost(Names.Speculative, Names.Host, 0.50),
    ];

    public override OpenBenchmark Open()
    {
        var memory = Guest.Memory(2L * Length);
        var classic = new Guest(memory, FaultDesign.Classic);
        var speculative = new Guest(memory, FaultDesign.AreaSequence);
        var file = new MemoryFile(memory);
        var tmpfs = HostMemory.CreateMemoryFile("bench");
        var disk = File.OpenHandle(
            Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()), FileMode.CreateNew, FileAccess.ReadWrite, options: FileOptions.DeleteOnClose);
        ulong[] words = new ulong[Page.Size / sizeof(ulong)];
        for (int page = 0; page < Pages; page++)
        {
            FilePattern.Fill((ulong)page, words);
            ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(words.AsSpan());
            file.Write((ulong)page * Page.Size, bytes);
            RandomAccess.Write(tmpfs, bytes, (long)page * Page.Size);
            RandomAccess.Write(disk, bytes, (long)page * Page.Size);
        }

        return new OpenBenchmark(
            [
                new(Names.Host, n => HostFaults.ReadFile(tmpfs, Length, n)),
                new(HostDisk, n => HostFaults.ReadFile(disk, Length, n)),
                new(Names.Classic, n => GuestFaults.ReadFile(classic, file, Length, n)),
                new(Names.Speculative, n => GuestFaults.ReadFile(speculative, file, Length, n)),
            ],
            memory, classic, speculative, file, tmpfs, disk);
    }
}
