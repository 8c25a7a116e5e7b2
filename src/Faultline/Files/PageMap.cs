using System.Diagnostics;
using Faultline.Sync;

namespace Faultline.Files;

/// <summary>
/// Page number → frame number: a radix tree with 64 children to a node, as high as its highest page needs. Look-ups take no lock and
/// allocate nothing; changes are made by one thread at a time.
/// </summary>
/// <remarks>
/// Beside its frame, or instead of it, a page can have a slot on a swap device. Leaves get room for slots with the first of them, so that look-ups of frames know nothing of it.
/// </remarks>
internal sealed class PageMap
{
    private const int BitsPerLevel = 6;
    private const int Fanout = 1 << BitsPerLevel;
    private const int IndexMask = Fanout - 1;

    // Replaced by a higher node when a page lies beyond it. Release stores publish it; its height is part of the node, so that a reader
    // never combines one root with the height of another.
    private Ref<Node> _root = new(new Node(shift: 0));

    /// <summary>The frame of a page, or 0.</summary>
    public uint Find(ulong index)
    {
        Node? leaf = FindLeaf(index);
        return leaf is null ? 0 : leaf.Frames![leaf.SlotOf(index)].LoadAcquire();
    }

    private Node? FindLeaf(ulong index)
    {
        // Acquiring loads all the way: each pairs with the release store that published what it leads to.
        Node node = _root.LoadAcquire();
        if (!node.Covers(index)) return null;
        while (node.Children is { } children)
        {
            if (children[node.SlotOf(index)].LoadAcquire() is not { } child) return null;
            node = child;
        }

        return node;
    }

    /// <summary>The frames of neighbouring pages, 0 where there is none; one descent for each leaf.</summary>
    public void Find(ulong first, Span<uint> frames)
    {
        Node? leaf = null;
        for (int i = 0; i < frames.Length; i++)
        {
            ulong index = first + (uint)i;
            if (leaf is null || (index & IndexMask) == 0) leaf = FindLeaf(index);
            frames[i] = leaf?.Frames![leaf.SlotOf(index)].LoadAcquire() ?? 0;
        }
    }

    /// <summary>Publishes the frame of a page that had none, with all that the caller stored before. Under the owner's lock.</summary>
    public void Set(ulong index, uint pfn)
    {
        Node node = _root.LoadRelaxed();
        while (!node.Covers(index))
        {
            Node higher = new(node.Shift + BitsPerLevel);
            higher.Children![0].StoreRelaxed(node);
            _root.StoreRelease(higher);
            node = higher;
        }

        while (node.Children is { } children)
        {
            ref Ref<Node?> child = ref children[node.SlotOf(index)];
            if (child.LoadRelaxed() is null) child.StoreRelease(new Node(node.Shift - BitsPerLevel));
            node = child.LoadRelaxed()!;
        }

        ref Word32 frame = ref node.Frames![node.SlotOf(index)];
        Debug.Assert(frame.LoadRelaxed() == 0, "The page has a frame already.");
        frame.StoreRelease(pfn);
    }

    /// <summary>Takes the frame of a page out, under the owner's lock. Nodes stay: readers may stand on them.</summary>
    public void Clear(ulong index) => FindLeaf(index)?.Frames![(int)index & IndexMask].StoreRelease(0);

    /// <summary>The page's slot on a swap device, or 0.</summary>
    public uint FindSlot(ulong index)
    {
        Node? leaf = FindLeaf(index);
        return leaf?.Slots.LoadAcquire() is { } slots ? slots[leaf.SlotOf(index)].LoadAcquire() : 0;
    }

    /// <summary>Gives a page that has a frame a slot. Under the owner's lock.</summary>
    public void SetSlot(ulong index, uint slot)
    {
        Node leaf = FindLeaf(index)!;
        if (leaf.Slots.LoadRelaxed() is null) leaf.Slots.StoreRelease(new Word32[Fanout]);
        leaf.Slots.LoadRelaxed()![leaf.SlotOf(index)].StoreRelease(slot);
    }

    /// <summary>Takes the page's slot out and returns it; 0 if it had none. Under the owner's lock.</summary>
    public uint TakeSlot(ulong index)
    {
        uint slot = FindSlot(index);
        if (slot != 0) SetSlot(index, 0);
        return slot;
    }

    /// <summary>
    /// Adds the pages of [<paramref name="first"/>, <paramref name="end"/>) that have a frame or a slot, in order, from so many leaves at most; returns where to go on. Under the owner's lock: a page
    /// that goes from the one to the other would be missed without.
    /// </summary>
    public ulong CollectHeld(ulong first, ulong end, int mostLeaves, List<ulong> found) => CollectHeld(_root.LoadRelaxed(), 0, first, end, ref mostLeaves, found);

    private static ulong CollectHeld(Node node, ulong start, ulong first, ulong end, ref int leaves, List<ulong> found)
    {
        if (node.Children is null && leaves-- == 0) return Math.Max(start, first);
        for (int slot = 0; slot < Fanout; slot++)
        {
            ulong index = start + ((ulong)slot << node.Shift);
            ulong last = index + ((1UL << node.Shift) - 1);
            if (last < first || index >= end) continue;
            if (node.Children is null)
            {
                if (node.Frames![slot].LoadRelaxed() != 0 || (node.Slots.LoadRelaxed()?[slot].LoadRelaxed() ?? 0) != 0) found.Add(index);
            }
            else if (node.Children[slot].LoadRelaxed() is { } child)
            {
                ulong next = CollectHeld(child, index, first, end, ref leaves, found);
                if (next < Math.Min(last, end)) return next;
            }
        }

        return end;
    }

    /// <summary>How many pages of [<paramref name="first"/>, <paramref name="end"/>) have a slot: each as at some moment during the call.</summary>
    public ulong CountSlots(ulong first, ulong end) => CountSlots(_root.LoadAcquire(), 0, first, end);

    private static ulong CountSlots(Node node, ulong start, ulong first, ulong end)
    {
        ulong count = 0;
        Word32[]? slots = node.Slots.LoadAcquire();
        for (int slot = 0; slot < Fanout; slot++)
        {
            ulong index = start + ((ulong)slot << node.Shift);
            if (index + ((1UL << node.Shift) - 1) < first || index >= end) continue;
            if (node.Children?[slot].LoadAcquire() is { } child) count += CountSlots(child, index, first, end);
            else if (slots is not null && slots[slot].LoadAcquire() != 0) count++;
        }

        return count;
    }

    /// <summary>The pages of [<paramref name="first"/>, <paramref name="end"/>) that have a frame, in order: each as it was at some moment during the call.</summary>
    public List<(ulong Index, uint Frame)> Collect(ulong first, ulong end)
    {
        List<(ulong, uint)> found = [];
        Collect(_root.LoadAcquire(), 0, first, end, found);
        return found;
    }

    private static void Collect(Node node, ulong start, ulong first, ulong end, List<(ulong Index, uint Frame)> found)
    {
        for (int slot = 0; slot < Fanout; slot++)
        {
            ulong index = start + ((ulong)slot << node.Shift);
            ulong last = index + ((1UL << node.Shift) - 1);
            if (last < first || index >= end) continue;
            if (node.Children is { } children)
            {
                if (children[slot].LoadAcquire() is { } child) Collect(child, index, first, end, found);
            }
            else if (node.Frames![slot].LoadAcquire() is var pfn and not 0)
            {
                found.Add((index, pfn));
            }
        }
    }

    /// <summary>Empties the map and returns the frames by page number. Who looks up at the same time finds the old or the new.</summary>
    public List<uint> TakeAll()
    {
        List<uint> frames = [];
        Collect(_root.Exchange(new Node(shift: 0)), frames);
        return frames;
    }

    private static void Collect(Node node, List<uint> frames)
    {
        for (int slot = 0; slot < Fanout; slot++)
        {
            if (node.Children is { } children)
            {
                if (children[slot].LoadRelaxed() is { } child) Collect(child, frames);
            }
            else if (node.Frames![slot].LoadRelaxed() is var pfn and not 0)
            {
                frames.Add(pfn);
            }
        }
    }

    /// <summary>Covers 64 slots of <c>1 &lt;&lt; Shift</c> pages each.</summary>
    private sealed class Node
    {
        public Node(int shift)
        {
            Shift = shift;
            if (shift == 0) Frames = new Word32[Fanout];
            else Children = new Ref<Node?>[Fanout];
        }

        public int Shift { get; }

        // Both: written under the owner's lock by release stores, children once per slot; read without a lock.
        public Ref<Node?>[]? Children { get; }

        public Word32[]? Frames { get; }

        // Of a leaf: set once, with its first slot, under the owner's lock by a release store.
        public Ref<Word32[]?> Slots;

        /// <summary>True if the page lies below this node, when it is the root.</summary>
        public bool Covers(ulong index) => index >> Shift < Fanout;

        public int SlotOf(ulong index) => (int)(index >> Shift) & IndexMask;
    }
}
