using Faultline.Areas;

namespace Faultline.Files;

/// <summary>One area in the list of its file's <see cref="FileMappings"/>.</summary>
internal sealed class FileMapping(AddressSpace space, VmArea area)
{
    public AddressSpace Space { get; } = space;

    public VmArea Area { get; } = area;

    // Guarded by the list's gate.
    public FileMapping? Previous;
    public FileMapping? Next;
}
