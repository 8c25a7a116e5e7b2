using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Files;

/// <summary>
/// The nameless object behind MAP_SHARED | MAP_ANONYMOUS (Linux <c>mm/shmem.c:shmem_zero_setup()</c>): as long as the mapping that made it, so that
/// pages which <c>mremap</c> adds are SIGBUS.
/// </summary>
internal sealed class SharedAnonymousFile(PhysicalMemory memory, ulong length, MemoryGroup? payer = null)
    : VmFile(memory, "/dev/zero (deleted)", new FileIdentity(0, 1, s_lastInode.Add(1)), length)
{
    // Numbers the objects; only has to differ. Atomic.
    private static Word64 s_lastInode;

    public override bool SupportsSpeculation => true;

    protected internal override bool CanPunchHoles => true;

    /// <inheritdoc/>
    internal override MemoryGroup? Payer => payer;

    protected override void ReadPage(ulong pageIndex, Span<byte> destination) => destination.Clear();
}
