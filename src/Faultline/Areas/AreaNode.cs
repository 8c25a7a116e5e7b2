namespace Faultline.Areas;

/// <summary>A node of an <see cref="AreaTree"/>: an <see cref="AreaInner"/> or an <see cref="AreaLeaf"/>; the level above says which.</summary>
internal abstract class AreaNode;

/// <summary>A node as its parent sees it: the first key it covers, and an upper bound of the gaps below its areas.</summary>
internal readonly record struct AreaEntry(ulong Low, AreaNode Node, ulong WidestGap);
