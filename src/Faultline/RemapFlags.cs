namespace Faultline;

/// <summary>Flags of <c>mremap</c>: Linux <c>MREMAP_*</c>, same values.</summary>
[Flags]
public enum RemapFlags
{
    /// <summary>In place or not at all.</summary>
    None = 0,

    /// <summary>The mapping may move.</summary>
    MayMove = 1,

    /// <summary>To exactly the new address, replacing what is there; needs <see cref="MayMove"/>.</summary>
    Fixed = 2,

    /// <summary>The old range stays mapped, without its pages; needs <see cref="MayMove"/> and an unchanged size.</summary>
    DontUnmap = 4,
}
