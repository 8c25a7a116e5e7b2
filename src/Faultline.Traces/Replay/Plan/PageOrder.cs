namespace Faultline.Traces.Replay;

/// <summary>The faults on each page since a call last changed it, and whether the page is there by then.</summary>
internal sealed class PageOrder
{
    private const int BlockShift = 6;
    private const int BlockPages = 1 << BlockShift;

    public struct Node
    {
        // Operations and groups plus one, so that a new block needs no filling: 0 is none.
        private int _last, _before, _race;

        /// <summary>The page has an entry.</summary>
        public bool IsPresent;

        /// <summary>The last fault, negative if none; the first of a group.</summary>
        public int Last
        {
            readonly get => _last - 1;
            set => _last = value + 1;
        }

        /// <summary>What was the last fault before that.</summary>
        public int Before
        {
            readonly get => _before - 1;
            set => _before = value + 1;
        }

        /// <summary>The group of faults that <see cref="Last"/> is the first of; 0 if it is alone.</summary>
        public int Race
        {
            readonly get => _race;
            set => _race = value;
        }
    }

    private readonly Dictionary<ulong, Node[]> _blocks = [];

    /// <summary>The page with this number, entered if it is new.</summary>
    public ref Node this[ulong page]
    {
        get
        {
            if (!_blocks.TryGetValue(page >> BlockShift, out Node[]? block)) _blocks.Add(page >> BlockShift, block = new Node[BlockPages]);
            return ref block[page & (BlockPages - 1)];
        }
    }

    /// <summary>A call orders itself behind the faults of a range; later faults are behind the call.</summary>
    /// <param name="start">First page.</param>
    /// <param name="end">Page after the last.</param>
    /// <param name="removes">The call takes the pages away.</param>
    /// <param name="collector">Receives the faults.</param>
    /// <param name="races">Members of the groups.</param>
    public void Settle(ulong start, ulong end, bool removes, Collector collector, List<List<int>> races)
    {
        if (start >= end) return;
        ulong firstBlock = start >> BlockShift, lastBlock = (end - 1) >> BlockShift;
        if (lastBlock - firstBlock > (ulong)_blocks.Count)
        {
            foreach ((ulong number, Node[] block) in _blocks)
            {
                if (number >= firstBlock && number <= lastBlock) Settle(number, block, start, end, removes, collector, races);
            }

            return;
        }

        for (ulong number = firstBlock; number <= lastBlock; number++)
        {
            if (_blocks.TryGetValue(number, out Node[]? block)) Settle(number, block, start, end, removes, collector, races);
        }
    }

    /// <summary>Moves what is present to another place, as mremap does.</summary>
    public void Move(ulong from, ulong to, ulong pages)
    {
        var present = new List<ulong>();
        foreach ((ulong number, Node[] block) in _blocks)
        {
            for (int i = 0; i < BlockPages; i++)
            {
                ulong page = (number << BlockShift) + (ulong)i;
                if (!block[i].IsPresent || page - from >= pages) continue;
                block[i].IsPresent = false;
                present.Add(page);
            }
        }

        foreach (ulong page in present) this[page - from + to].IsPresent = true;
    }

    /// <summary>A forked copy: what is present, no faults.</summary>
    public PageOrder Fork()
    {
        var copy = new PageOrder();
        foreach ((ulong number, Node[] block) in _blocks)
        {
            var nodes = new Node[BlockPages];
            for (int i = 0; i < BlockPages; i++) nodes[i].IsPresent = block[i].IsPresent;
            copy._blocks.Add(number, nodes);
        }

        return copy;
    }

    private static void Settle(ulong number, Node[] block, ulong start, ulong end, bool removes, Collector collector, List<List<int>> races)
    {
        ulong first = number << BlockShift;
        int from = start > first ? (int)(start - first) : 0;
        int to = end < first + BlockPages ? (int)(end - first) : BlockPages;
        foreach (ref Node node in block.AsSpan(from, to - from))
        {
            if (node.Race != 0)
            {
                foreach (int member in races[node.Race]) collector.Add(member);
            }
            else
            {
                collector.Add(node.Last);
            }

            node = new Node { IsPresent = node.IsPresent && !removes };
        }
    }
}
