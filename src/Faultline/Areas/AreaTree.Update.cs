namespace Faultline.Areas;

/// <content>Changes within one leaf, which are nearly all.</content>
internal sealed partial class AreaTree
{
    /// <summary>Adds an area that overlaps no other.</summary>
    public void Insert(VmArea area) => Replace([], new ReadOnlySpan<VmArea>(in area));

    /// <summary>Takes an area out.</summary>
    public void Remove(VmArea area) => Replace(new ReadOnlySpan<VmArea>(in area), []);

    /// <summary>
    /// Replaces a run of neighbouring areas by other areas in order. The new ones may cover the same addresses, fewer, or more that were free.
    /// One release store publishes it, however many leaves it spans.
    /// </summary>
    /// <remarks>
    /// <para>Writers exclude each other over the addresses that they change; nothing else is asked of them.</para>
    /// <para>A search that ends in the leaf where it began sees all old or all new areas. One that goes on to the next leaf (for an address
    /// in a gap, or in an area that reaches across leaves) may combine old with new and miss an area under replacement, never another
    /// one; so may an enumeration.</para>
    /// </remarks>
    /// <exception cref="InvalidOperationException"><paramref name="old"/> is not a run of this tree; nothing has changed.</exception>
    public void Replace(ReadOnlySpan<VmArea> old, ReadOnlySpan<VmArea> replacements)
    {
        if (old.IsEmpty && replacements.IsEmpty) return;
        if (!TryReplaceInLeaf(old, replacements)) ReplaceAcrossLeaves(old, replacements);
    }

    /// <summary>False if the change needs other leaves than there are.</summary>
    private bool TryReplaceInLeaf(ReadOnlySpan<VmArea> old, ReadOnlySpan<VmArea> replacements)
    {
        (ulong first, ulong last) = KeysOf(old, replacements);
        AreaRun run;
        int index;
        bool isContended;
        ulong otherKey;
        AreaLeaf leaf;
        while (true)
        {
            leaf = Descend(first);
            if (last >= leaf.High || (leaf.IsFencedBelow && !replacements.IsEmpty && replacements[0].Start < leaf.Low)) return false;

            leaf.Gate.Enter();
            AreaRun before = leaf.Run.LoadRelaxed();
            if (before == AreaRun.Dead)
            {
                leaf.Gate.Exit();
                continue;
            }

            index = before.FirstEndingAfter(first);
            if (!before.HasAt(index, old))
            {
                leaf.Gate.Exit();
                throw NotInTree();
            }

            int count = before.Count - old.Length + replacements.Length;
            bool tooFew = count < AreaLeaf.MinAreas && count < before.Count && !leaf.IsWholeTree && !leaf.IsFencedBelow && !leaf.IsFencedAbove;
            if (tooFew || count > AreaRun.Capacity)
            {
                leaf.Gate.Exit();
                return false;
            }

            run = new AreaRun(before, index, old.Length, replacements);

            // Release: pairs with the acquire loads of searches.
            leaf.Run.StoreRelease(run);
            isContended = leaf.Note(first, out otherKey);
            leaf.Gate.Exit();
            break;
        }

        NoteGaps(leaf, run, index, old, replacements);
        if (isContended) SplitContended(Math.Min(first, otherKey), Math.Max(first, otherKey));
        return true;
    }

    /// <summary>The lowest and the highest key that a change touches.</summary>
    private static (ulong First, ulong Last) KeysOf(ReadOnlySpan<VmArea> old, ReadOnlySpan<VmArea> replacements)
    {
        if (old.IsEmpty) return (LastByte(replacements[0]), LastByte(replacements[^1]));
        if (replacements.IsEmpty) return (LastByte(old[0]), LastByte(old[^1]));
        return (Math.Min(LastByte(old[0]), LastByte(replacements[0])), Math.Max(LastByte(old[^1]), LastByte(replacements[^1])));
    }

    private static InvalidOperationException NotInTree() => new("The areas to replace are not neighbours in this tree.");
}
