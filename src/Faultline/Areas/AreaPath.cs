using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Faultline.Areas;

/// <summary>The way from the root to a leaf, by level; changes of structure go up along it.</summary>
internal struct AreaPath
{
    /// <summary>With eight children per node, more levels than 2^32 leaves need.</summary>
    private const int MaxLevels = 12;

    private Steps _steps;

    public AreaLeaf Leaf;

    /// <summary>The level of the root.</summary>
    public int Height;

    /// <summary>The node passed at <paramref name="level"/> (1 is above the leaf) and the child that was taken.</summary>
    [UnscopedRef]
    public ref Step this[int level] => ref _steps[level];

    public struct Step
    {
        public AreaInner Node;
        public int Index;
    }

    [InlineArray(MaxLevels)]
    private struct Steps
    {
        private Step _first;
    }
}
