using Faultline.Files;

namespace Faultline.Tests.Stress;

/// <content>Calls, what they must return, and what they change.</content>
internal sealed partial class ModelProcess
{
    private const RemapFlags Moving = RemapFlags.MayMove | RemapFlags.Fixed;

    /// <summary>Pages of one mapping from here on, at most <paramref name="most"/>; 0 in a hole.</summary>
    private int RunAt(int from, int most)
    {
        int count = 0;
        while (count < most && from + count < pages.Length && pages[from + count].Continues(pages[from], count)) count++;
        return count;
    }

    public void Map(int from, int count, Protection protection, MapFlags flags)
    {
        bool shared = (flags & MapFlags.Shared) != 0;
        ModelFile? file = shared ? new ModelFile(null, count) : null;
        space.Map(At(from), (ulong)count * P, protection, flags | MapFlags.Fixed | MapFlags.Anonymous);
        for (int i = 0; i < count; i++)
            pages[from + i] = new ModelPage { IsMapped = true, File = file, Index = i, IsShared = shared, Protection = protection };
    }

    public void MapFile(int from, int count, Protection protection, MapFlags flags, ModelFile file, int index)
    {
        space.Map(At(from), (ulong)count * P, protection, flags | MapFlags.Fixed, file.File, (ulong)index * P);
        for (int i = 0; i < count; i++)
        {
            pages[from + i] = new ModelPage
            {
                IsMapped = true,
                File = file,
                Index = index + i,
                IsShared = (flags & MapFlags.Shared) != 0,
                Protection = protection,
            };
        }

        if ((flags & MapFlags.Populate) != 0) Populated(from, count);
    }

    public void Unmap(int from, int count)
    {
        space.Unmap(At(from), (ulong)count * P);
        Array.Clear(pages, from, count);
    }

    /// <summary>What lies before a hole has its new rights, as on Linux.</summary>
    public void Protect(int from, int count, Protection protection)
    {
        // Locked pages that become writable are faulted in, as far as that goes: not modelled.
        int allowed = 0;
        while (allowed < count && !pages[from + allowed].IsLocked) allowed++;
        if (allowed == 0) return;
        int mapped = 0;
        while (mapped < allowed && pages[from + mapped].IsMapped) pages[from + mapped++].Protection = protection;
        Assert.Equal(mapped == allowed ? Errno.None : Errno.ENOMEM, space.TryProtect(At(from), (ulong)allowed * P, protection));
    }

    /// <summary>Holes are passed over and reported; locked memory refuses.</summary>
    public void DontNeed(int from, int count)
    {
        var expected = Errno.None;
        for (int page = from; page < from + count; page++)
        {
            if (!pages[page].IsMapped) expected = Errno.ENOMEM;
            if (pages[page].IsLocked)
            {
                expected = Errno.EINVAL;
                break;
            }

            pages[page].Drop();
        }

        Assert.Equal(expected, space.TryAdvise(At(from), (ulong)count * P, Advice.DontNeed));
    }

    public void Free(int from, int most)
    {
        int count = RunAt(from, most);
        if (count == 0 || pages[from].File is not null || pages[from].IsLocked) return;
        Assert.Equal(Errno.None, space.TryAdvise(At(from), (ulong)count * P, Advice.Free));
        for (int page = from; page < from + count; page++) pages[page].MarkFree();
    }

    /// <summary>Pages leave if there is where to; nobody can tell.</summary>
    public void PageOut(int from, int most)
    {
        int count = RunAt(from, most);
        if (count == 0 || pages[from].IsLocked) return;
        Assert.Equal(Errno.None, space.TryAdvise(At(from), (ulong)count * P, Advice.PageOut));
    }

    /// <summary>A hole in the file, through a mapping of it.</summary>
    public void Remove(int from, int most)
    {
        int count = RunAt(from, most);
        ModelPage page = pages[from];
        if (count == 0 || !page.IsShared || page.IsLocked || page.Protection != Protection.ReadWrite || page.File!.File is not MemoryFile) return;
        Assert.Equal(Errno.None, space.TryAdvise(At(from), (ulong)count * P, Advice.Remove));
        page.File.Clear((ulong)page.Index * P, (ulong)(page.Index + count) * P);
    }

    /// <summary>Locks, and so copies what would be copied at the first write.</summary>
    public void Lock(int from, int most)
    {
        int count = Reachable(from, RunAt(from, most));
        if (count == 0 || (pages[from].Protection & Protection.Read) == 0) return;
        Assert.Equal(Errno.None, space.TryMemoryLock(At(from), (ulong)count * P));
        for (int page = from; page < from + count; page++) pages[page].IsLocked = true;
        Populated(from, count);
    }

    public void Unlock(int from, int most)
    {
        int count = RunAt(from, most);
        if (count == 0) return;
        Assert.Equal(Errno.None, space.TryMemoryUnlock(At(from), (ulong)count * P));
        for (int page = from; page < from + count; page++) pages[page].IsLocked = false;
    }

    public void PopulateRead(int from, int most)
    {
        int count = Reachable(from, RunAt(from, most));
        if (count == 0 || (pages[from].Protection & Protection.Read) == 0) return;
        Assert.Equal(Errno.None, space.TryAdvise(At(from), (ulong)count * P, Advice.PopulateRead));
    }

    /// <summary>Other frames, the same contents.</summary>
    public void Migrate(int from, int count) => Assert.Equal(Errno.None, space.TryMigrate(At(from), (ulong)count * P, out _));

    /// <summary>What shared mappings wrote is on the host when the call returns.</summary>
    public void Sync(int from, int most)
    {
        int count = RunAt(from, most);
        if (count == 0) return;
        Assert.Equal(Errno.None, space.TryMemorySync(At(from), (ulong)count * P));
        if (pages[from] is { IsShared: true, File.IsOnHost: true } page) page.File.CheckOnHost(page.Index, count);
    }

    /// <summary>The file was cut: what private mappings copied from beyond its end goes too.</summary>
    public void OnCut(ModelFile file)
    {
        for (int page = 0; page < pages.Length; page++)
        {
            if (pages[page].File == file && !file.HasPage(pages[page].Index)) pages[page].Drop();
        }
    }

    /// <summary>The part of a run that its file has: the rest cannot be faulted in.</summary>
    private int Reachable(int from, int count) =>
        pages[from].File is { } file ? Math.Max(0, Math.Min(count, file.Pages - pages[from].Index)) : count;

    private void Populated(int from, int count)
    {
        if (pages[from].Protection != Protection.ReadWrite) return;
        for (int page = from; page < from + count; page++) pages[page].Copy();
    }
}
