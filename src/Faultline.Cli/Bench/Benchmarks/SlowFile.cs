using System.Runtime.InteropServices;
using Faultline.Files;
using Faultline.Physical;
using Faultline.Workloads;

namespace Faultline.Cli.Bench.Benchmarks;

/// <summary>A file on a device that takes <see cref="Delay"/> for each page, one after the other or not: the disk of 2010.</summary>
internal sealed class SlowFile(PhysicalMemory memory, int pages)
    : VmFile(memory, "/slow", new FileIdentity(0, 2, 1), (ulong)pages * Page.Size)
{
    public static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(5);

    public override bool SupportsSpeculation => true;

    protected override void ReadPage(ulong pageIndex, Span<byte> destination)
    {
        Thread.Sleep(Delay);
        FilePattern.Fill(pageIndex, MemoryMarshal.Cast<byte, ulong>(destination));
    }
}
