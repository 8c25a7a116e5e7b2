using System.Runtime.InteropServices;
using Faultline.Files;
using Faultline.Physical;

namespace Faultline.Workloads;

/// <summary>A file in memory that holds <see cref="FilePattern"/> until a shared mapping is written.</summary>
internal sealed class PatternFile(PhysicalMemory memory, string name, FileIdentity identity, ulong length, bool supportsSpeculation)
    : VmFile(memory, name, identity, length)
{
    /// <summary>Nothing in here needs the address-space lock; a file that says otherwise shows what that costs.</summary>
    public override bool SupportsSpeculation => supportsSpeculation;

    /// <inheritdoc/>
    protected override void ReadPage(ulong pageIndex, Span<byte> destination) =>
        FilePattern.Fill(pageIndex, MemoryMarshal.Cast<byte, ulong>(destination));
}
