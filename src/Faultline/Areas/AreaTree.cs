using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Faultline.Sync;

namespace Faultline.Areas;

/// <summary>
/// The areas of an address space in address order (Linux <c>mm_mt</c>): a B+-tree keyed by an area's last byte. Readers take no lock and write
/// nothing; writers of different leaves do not meet.
/// </summary>
/// <remarks>
/// <code>
///   root ─► AreaInner  keys │ children │ widest gaps     replaced by copies, under the structure gate
///              ▼
///           AreaLeaf   a fixed range of last bytes, gate ── Run ─► AreaRun  ends │ areas     immutable
///                                                            └── one release store per change, under the leaf's gate
/// </code>
/// <para>A leaf covers the same range all its life, and an old inner node leads to leaves that cover what it says. So a reader that stands
/// on an outdated inner node either arrives at a leaf that counts, or at one whose run is <see cref="AreaRun.Dead"/>; its successors were
/// published before it died, so starting again from the root finds them.</para>
/// <para>The key is the last byte because then "first area that ends after" is one step to the right at most, and growing down
/// (stacks, and the merges that top-down placement makes) leaves the key alone.</para>
/// <para>A reader may get an area that a writer has just replaced: it validates with the area's sequence. It never misses an area that is in
/// the tree throughout its search.</para>
/// </remarks>
internal sealed partial class AreaTree
{
    // Replaced by release stores under the structure gate. Readers start here.
    private Ref<AreaInner> _root;

    private WriterState _writers = new();

    public AreaTree() => _root = new Ref<AreaInner>(new AreaInner(level: 1, [new AreaEntry(0, new AreaLeaf(0, AreaLeaf.NoHigh, new AreaRun([])), 0)]));

    /// <summary>The number of areas, counted; exact for a caller that excludes other writers. Writers would share a word that keeps it.</summary>
    public int Count
    {
        get
        {
            int count = 0;
            ulong key = 0;
            while (true)
            {
                count += Locate(key, out AreaLeaf leaf).Count;
                if (leaf.High == AreaLeaf.NoHigh) return count;
                key = leaf.High;
            }
        }
    }

    /// <summary>The area that contains <paramref name="address"/>.</summary>
    public VmArea? Find(ulong address)
    {
        VmArea? area = FindFirstEndingAfter(address);
        return area is not null && area.Start <= address ? area : null;
    }

    /// <summary>The first area with <c>End &gt; address</c> (Linux <c>find_vma()</c>): the one that contains the address, or the next one above.</summary>
    public VmArea? FindFirstEndingAfter(ulong address)
    {
        ulong key = address;
        while (true)
        {
            AreaLeaf leaf = Descend(key);

            // Acquire: pairs with the writer's release store of the run.
            AreaRun run = leaf.Run.LoadAcquire();
            int index = run.FirstEndingAfter(address);
            if (index < run.Count) return run[index];
            if (run == AreaRun.Dead) continue;
            if (leaf.High == AreaLeaf.NoHigh) return null;
            key = leaf.High;
        }
    }

    /// <summary>The first area that overlaps <c>[start, end)</c>. Of other leaves it reads only what it must.</summary>
    public VmArea? FindWithin(ulong start, ulong end)
    {
        AreaRun run = Locate(start, out AreaLeaf leaf);
        int index = run.FirstEndingAfter(start);
        VmArea? area = index < run.Count ? run[index] : leaf.HasAllBelow(end) ? null : FindFirstEndingAfter(start);
        return area is not null && area.Start < end ? area : null;
    }

    /// <summary>The area that ends at <paramref name="address"/>.</summary>
    public VmArea? FindEndingAt(ulong address)
    {
        if (address == 0) return null;
        AreaRun run = Locate(address - 1, out _);
        int index = run.FirstEndingAfter(address - 1);
        return index < run.Count && run.End(index) == address ? run[index] : null;
    }

    /// <summary>The last area with <c>End &lt;= address</c>.</summary>
    public VmArea? Previous(ulong address)
    {
        ulong key = address;
        while (true)
        {
            AreaRun run = Locate(key, out AreaLeaf leaf);
            int index = Math.Min(run.FirstEndingAfter(address), run.Count);
            if (index > 0) return run[index - 1];
            if (leaf.Low == 0) return null;
            key = leaf.Low - 1;
        }
    }

    /// <summary>The first area with <c>Start &gt;= address</c>.</summary>
    public VmArea? Next(ulong address)
    {
        VmArea? area = FindFirstEndingAfter(address);
        return area is not null && area.Start < address ? FindFirstEndingAfter(area.End) : area;
    }

    /// <summary>The area below <paramref name="area"/>.</summary>
    public VmArea? Previous(VmArea area) => Previous(area.Start);

    /// <summary>The area above <paramref name="area"/>.</summary>
    public VmArea? Next(VmArea area) => Next(area.End);

    /// <summary>What lies in and about <c>[start, end)</c>, as far as <paramref name="low"/> and <paramref name="high"/>: one search if one leaf has it all.</summary>
    public AreaNeighbourhood Around(ulong start, ulong end, ulong low, ulong high)
    {
        AreaRun run = Locate(start, out AreaLeaf leaf);
        int first = run.FirstEndingAfter(start), last = run.FirstEndingAfter(end);

        // What is in lower leaves ends below this one.
        bool hasAll = (first > 0 || leaf.Low <= low) && (last < run.Count || leaf.HasAllBelow(high));
        if (!hasAll) return new AreaNeighbourhood(Previous(start), FindFirstEndingAfter(start), FindFirstEndingAfter(end), leaf: null, run: null);
        return new AreaNeighbourhood(
            first > 0 ? run[first - 1] : null, first < run.Count ? run[first] : null, last < run.Count ? run[last] : null, leaf, run);
    }

    /// <summary>The areas that overlap <c>[start, end)</c>, in order.</summary>
    public AreaRange Range(ulong start, ulong end) => new(this, start, end);

    /// <summary>The leaf that covers <paramref name="key"/>, and what it holds.</summary>
    internal AreaRun Locate(ulong key, out AreaLeaf leaf)
    {
        while (true)
        {
            leaf = Descend(key);
            AreaRun run = leaf.Run.LoadAcquire();
            if (run != AreaRun.Dead) return run;
        }
    }

    /// <summary>The leaf that covers <paramref name="key"/>; perhaps a dead one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private AreaLeaf Descend(ulong key)
    {
        // The largest key would match the keys' unused tail; no area ends with it.
        key = Math.Min(key, SortedKeys.Unused - 1);
        AreaInner node = _root.LoadAcquire();
        for (int level = node.Level; level > 1; level--) node = Unsafe.As<AreaInner>(node.Child(node.IndexOf(key)));
        return Unsafe.As<AreaLeaf>(node.Child(node.IndexOf(key)));
    }

    private static ulong LastByte(VmArea area) => area.End - 1;

    /// <summary>What writers share, a line away from the root, which every search loads.</summary>
    private struct WriterState
    {
        public WriterState()
        {
        }

#pragma warning disable IDE0051, CS0169 // The two pads take room, that is all.
        private readonly CacheLine _before;

        /// <summary>
        /// Guards inner nodes: keys and children by replacement, gap bounds in place. Taken before leaf gates, never while
        /// holding one.
        /// </summary>
        public SpinGate Structure = new(LockRank.AreaTree);

        // How many leaves were split because two threads took turns there. Guarded by the structure gate.
        public int Splits;

        private readonly CacheLine _after;
#pragma warning restore IDE0051, CS0169
    }

    /// <summary>Room that nothing uses. Explicit field offsets would not do: in the explorable build the fields between are references.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 64)]
    private struct CacheLine;
}
