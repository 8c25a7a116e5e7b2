using System.Diagnostics;
using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Files;

/// <summary>The pages of one file that are in memory (Linux <c>address_space</c>). It holds one reference to each of their frames.</summary>
internal sealed class PageCache
{
    private readonly VmFile _file;
    private readonly PhysicalMemory _memory;

    // Guards insertion and the taking of references by those who are not inside a section. Look-ups take nothing.
    private SpinGate _gate;
    private readonly PageMap _pages = new();

    // The cache's number in the frames' FrameInfo; 0 while there is no page. Guarded by _gate.
    private uint _ownerId;

    public PageCache(VmFile file)
    {
        _file = file;
        _memory = file.Memory;
    }

    /// <summary>
    /// The frame of a page in memory, contents valid. No lock and no reference is taken: the frame is good as long as the page is in the cache, which a
    /// fault asks again under its table's lock.
    /// </summary>
    public bool TryLookup(ulong index, out uint pfn) => (pfn = _pages.Find(index)) != PhysicalMemory.NoFrame;

    /// <summary>
    /// The frame of a page, read if it is not in memory, with a reference for the caller (<see cref="PhysicalMemory.Release"/> gives it back).
    /// May wait for the file. The caller holds a reference to the file, is outside walker sections and holds no spin lock.
    /// </summary>
    /// <remarks>
    /// Threads that miss the same page each read it, and the first to finish wins: nobody has written to the page before it was in the cache,
    /// so what the others drop is a copy.
    /// </remarks>
    public FileResult GetOrRead(ulong index, out uint pfn)
    {
        Debug.Assert(!_file.IsReleased, "Only a holder of the file may ask for its pages.");
        pfn = PhysicalMemory.NoFrame;
        int valid = ValidBytes(index);
        if (valid == 0) return FileResult.BeyondEnd;
        if (TryGet(index, out pfn)) return FileResult.Ok;

        uint fresh = _memory.Frames.TryAllocate();
        if (fresh == PhysicalMemory.NoFrame) return FileResult.OutOfMemory;
        bool inserted = false;
        try
        {
            Span<byte> contents = _memory.Contents(fresh);
            _file.Read(index, contents[..valid]);
            contents[valid..].Clear();
            pfn = Insert(index, fresh);
            inserted = pfn == fresh;
            return FileResult.Ok;
        }
        catch (IOException)
        {
            return FileResult.ReadFailed;
        }
        finally
        {
            if (!inserted) _memory.Frames.Free(fresh);
        }
    }

    /// <summary>
    /// Lets all pages go, with the file's last reference: no area maps them; a walker that still sees them drops what it sees. A page that is pinned stays
    /// with its pins.
    /// </summary>
    public void Release()
    {
        List<uint> frames = _pages.TakeAll();
        frames.RemoveAll(pfn => !_memory.DropReference(pfn));
        _memory.Frames.Free(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(frames));
        if (_ownerId != 0) _memory.Owners.Remove(_ownerId);
        _ownerId = 0;
    }

    /// <summary>How much of a page the file has.</summary>
    private int ValidBytes(ulong index)
    {
        if (_file.Length is not { } length) return Page.Size;
        ulong pages = Page.Count(length);
        if (index < pages) return Page.Size;
        return index == pages ? (int)(length & Page.OffsetMask) : 0;
    }

    private bool TryGet(ulong index, out uint pfn)
    {
        _gate.Enter();
        bool found = TryLookup(index, out pfn);
        if (found) _memory.AddReference(pfn);
        _gate.Exit();
        return found;
    }

    /// <summary>Publishes a frame that was read, or takes the one that another thread published first.</summary>
    private uint Insert(ulong index, uint fresh)
    {
        _gate.Enter();
        try
        {
            if (TryLookup(index, out uint pfn))
            {
                _memory.AddReference(pfn);
                return pfn;
            }

            if (_ownerId == 0) _ownerId = _memory.Owners.Add(this);
            ref FrameInfo info = ref _memory.Info(fresh);
            info.State = FrameState.Cached | FrameState.UpToDate;
            info.OwnerId = _ownerId;
            info.OwnerIndex = index;
            Native.StoreRelaxed(ref info.Refs, 2); // the cache and the caller

            // The release store inside publishes the contents and the fields above.
            _pages.Set(index, fresh);
            return fresh;
        }
        finally
        {
            _gate.Exit();
        }
    }
}
