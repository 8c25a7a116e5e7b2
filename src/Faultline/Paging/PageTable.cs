using System.Diagnostics;
using System.Runtime.CompilerServices;
using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Paging;

/// <summary>
/// Four levels of tables made of arena frames, in the hardware's format (<see cref="Pte"/>). Tables come and go under the gate of their span, a part of Linux's
/// <c>page_table_lock</c>.
/// </summary>
internal sealed unsafe partial class PageTable
{
    private readonly PhysicalMemory _memory;
    private readonly MemoryGroup? _group;

    /// <summary>Creates an empty root table; null if no frame is free.</summary>
    public static PageTable? TryCreate(PhysicalMemory memory, MemoryGroup? group = null)
    {
        uint root = memory.Frames.TryAllocate(group);
        if (root == 0) return null;
        var table = new PageTable(memory, group, root);
        table.PrepareTable(root);
        return table;
    }

    private PageTable(PhysicalMemory memory, MemoryGroup? group, uint root)
    {
        _memory = memory;
        _group = group;
        Root = root;
    }

    /// <summary>Frame of the highest table; what a processor would hold in CR3.</summary>
    public uint Root { get; }

    /// <summary>Gives the root back; every other table is gone.</summary>
    public void Free()
    {
        Debug.Assert(_memory.Info(Root).Entries == 0, "The root table goes last.");
        _memory.Frames.Free(Root);
    }

    /// <summary>Finds the lowest table and entry of <paramref name="address"/>; the walk is incomplete if a table is missing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public PageWalk Walk(ulong address)
    {
        var walk = new PageWalk();
        uint table = Root;
        for (int level = TableLevel.Root; level > TableLevel.Pte; level--)
        {
            // Acquire: pairs with the release store that installed the table, so that its zeroes are visible.
            ref ulong entry = ref EntryOf(table, address, level);
            var value = new Pte(Native.LoadAcquire(ref entry));
            if (value.IsNone)
            {
                walk.MissingTables = level;
                return walk;
            }

            table = value.Frame;
            walk.Parent = ref entry;
            walk.ParentValue = value;
        }

        walk.Table = table;
        walk.Entry = ref EntryOf(table, address, TableLevel.Pte);
        walk.Value = new Pte(Native.LoadAcquire(ref walk.Entry));
        return walk;
    }

    public ref FrameInfo Info(uint frame) => ref _memory.Info(frame);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref ulong EntryOf(uint table, ulong address, int level) =>
        ref ((ulong*)_memory.Address(table))[TableLevel.Index(address, level)];

    private void PrepareTable(uint frame)
    {
        FrameContents.Zero(_memory.Address(frame));
        ref FrameInfo info = ref _memory.Info(frame);
        info.State = FrameState.Table;
    }
}
