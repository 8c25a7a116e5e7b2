namespace Faultline.Areas;

/// <summary>
/// The reverse map of private anonymous pages: which areas may map a page that was born under it (Linux <c>anon_vma</c>). Areas with the
/// same AnonVma may merge; a fork gives the child's areas AnonVmas of their own below the parent's.
/// </summary>
internal sealed class AnonVma
{
    /// <summary>Stands in <see cref="VmArea"/>'s field once a writer has frozen it; never linked.</summary>
    public static readonly AnonVma Closed = new(parent: null);

    public AnonVma(AnonVma? parent) => Parent = parent;

    /// <summary>The AnonVma of the area that this one's first area was forked from: its pages may be mapped here too.</summary>
    /// <remarks>
    /// Linux keeps a chain per area (<c>anon_vma_chain</c>): the own AnonVma and all ancestors. A chain longer than one forbids merging with an area
    /// that has no AnonVma yet (<c>mm/vma.c:is_mergeable_anon_vma()</c>); here that is <c>Parent is not null</c>.
    /// </remarks>
    public AnonVma? Parent { get; }
}
