using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Files;

/// <summary>
/// The nameless object behind MAP_SHARED | MAP_ANONYMOUS (Linux <c>mm/shmem.c:shmem_zero_setup()</c>): as long as the mapping that made it, so that
/// pages which <c>mremap</c> adds are SIGBUS.
/// </summary>
/// <param name="memory">Where its pages lie.</param>
/// <param name="length">In bytes.</param>
/// <param name="payer">Whom they are charged to.</param>
/// <param name="committed">Pages that it is charged for in <see cref="PhysicalMemory.Commit"/>, and gives back in the end.</param>
internal sealed class SharedAnonymousFile(PhysicalMemory memory, ulong length, MemoryGroup? payer = null, ulong committed = 0)
    : VmFile(memory, "/dev/zero (deleted)", new FileIdentity(0, 1, s_lastInode.Add(1)), length)
{
    // Numbers the objects; only has to differ. Atomic.
    private static Word64 s_lastInode;

    public override bool SupportsSpeculation => true;

    protected internal override bool CanPunchHoles => true;

    /// <inheritdoc/>
    internal override MemoryGroup? Payer => payer;

    protected override void OnReleased() => Memory.Commit?.Release(committed);

    protected override void ReadPage(ulong pageIndex, Span<byte> destination) => destination.Clear();
}
