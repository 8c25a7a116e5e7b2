namespace Faultline.Areas;

/// <summary>The areas that overlap a range, in order, for <c>foreach</c>; allocates nothing.</summary>
/// <remarks>
/// Beside writers each leaf is seen as it was when the enumeration reached it. An area that stays in the tree is visited once, and ends
/// ascend; an area may overlap one that was visited before and replaced since.
/// </remarks>
internal readonly struct AreaRange
{
    private readonly AreaTree _tree;
    private readonly ulong _start;
    private readonly ulong _end;

    public AreaRange(AreaTree tree, ulong start, ulong end)
    {
        _tree = tree;
        _start = start;
        _end = end;
    }

    public Enumerator GetEnumerator() => new(_tree, _start, _end);

    public struct Enumerator
    {
        private readonly AreaTree _tree;
        private readonly ulong _end;
        private AreaRun _run;
        private int _index;

        // Everything that ends at or before it has been visited.
        private ulong _position;

        // Where the leaf after _run's begins. Leaves may join meanwhile, so the next one may begin earlier.
        private ulong _nextLeaf;

        internal Enumerator(AreaTree tree, ulong start, ulong end)
        {
            _tree = tree;
            _end = end;
            _run = AreaRun.Dead;
            _position = start;
            _nextLeaf = start;
            Current = null!;
        }

        public VmArea Current { get; private set; }

        public bool MoveNext()
        {
            while (_index >= _run.Count)
            {
                if (_nextLeaf == AreaLeaf.NoHigh) return false;
                _run = _tree.Locate(_nextLeaf, out AreaLeaf leaf);
                _index = _run.FirstEndingAfter(_position);
                _nextLeaf = leaf.HasAllBelow(_end) ? AreaLeaf.NoHigh : leaf.High;
            }

            VmArea area = _run[_index];
            if (area.Start >= _end) return false;
            _index++;
            _position = area.End;
            Current = area;
            return true;
        }
    }
}
