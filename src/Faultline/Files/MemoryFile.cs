using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Files;

/// <summary>A file that lives in memory, as <c>memfd_create</c> makes: its pages, in memory or on a swap device, are all there is of it, and what was never written is zero.</summary>
/// <param name="memory">Where its pages lie.</param>
/// <param name="name">As <c>maps</c> prints it.</param>
/// <param name="length">Length in bytes, at first.</param>
/// <param name="access">How it is opened.</param>
public sealed class MemoryFile(PhysicalMemory memory, string name = "/memfd: (deleted)", ulong length = 0, FileAccess access = FileAccess.ReadWrite)
    : VmFile(memory, name, new FileIdentity(0, 1, s_lastInode.Add(1)), length, access)
{
    // Numbers the files; only has to differ, also from shared anonymous memory's on the same device, which counts from 1. Atomic.
    private static Word64 s_lastInode = new(1UL << 32);

    /// <inheritdoc/>
    public override bool SupportsSpeculation => true;

    /// <inheritdoc/>
    protected override bool CanResize => true;

    /// <inheritdoc/>
    protected internal override bool CanPunchHoles => true;

    /// <inheritdoc/>
    protected override void ReadPage(ulong pageIndex, Span<byte> destination) => destination.Clear();
}
