using System.Runtime.InteropServices;
using Faultline.Files;
using Faultline.Physical;

namespace Faultline.Workloads;

/// <summary>A file that does not opt in to speculation, as most were when v12 was reviewed. Holds <see cref="FilePattern"/> until a shared mapping is written.</summary>
internal sealed class ReluctantFile(PhysicalMemory memory, ulong inode, ulong length)
    : VmFile(memory, $"/tmp/workload.{inode}", new FileIdentity(Device, 0, inode), length)
{
    // Any device number: the files are known by their inodes.
    private const uint Device = 8;

    /// <inheritdoc/>
    public override bool SupportsSpeculation => false;

    /// <inheritdoc/>
    protected override void ReadPage(ulong pageIndex, Span<byte> destination) =>
        FilePattern.Fill(pageIndex, MemoryMarshal.Cast<byte, ulong>(destination));
}
