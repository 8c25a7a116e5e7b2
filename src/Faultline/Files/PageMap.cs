using System.Diagnostics;
using Faultline.Sync;

namespace Faultline.Files;

/// <summary>
/// Page number → frame number: a radix tree with 64 children to a node, as high as its highest page needs. Look-ups take no lock and
/// allocate nothing; changes are made by one thread at a time.
/// </summary>
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
        // Acquiring loads all the way: each pairs with the release store that published what it leads to.
        Node node = _root.LoadAcquire();
        if (!node.Covers(index)) return 0;
        while (node.Children is { } children)
        {
            if (children[node.SlotOf(index)].LoadAcquire() is not { } child) return 0;
            node = child;
        }

        return node.Frames![node.SlotOf(index)].LoadAcquire();
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

        // Both: written under the owner's lock by release stores, once per slot; read without a lock.
        public Ref<Node?>[]? Children { get; }

        public Word32[]? Frames { get; }

        /// <summary>True if the page lies below this node, when it is the root.</summary>
        public bool Covers(ulong index) => index >> Shift < Fanout;

        public int SlotOf(ulong index) => (int)(index >> Shift) & IndexMask;
    }
}
