namespace Faultline.Tests.Stress;

/// <content><c>mremap</c> in all its forms, within the region.</content>
internal sealed partial class ModelProcess
{
    public void Remap(int from, int count, int to)
    {
        bool fits = to + count <= pages.Length && (to + count <= from || from + count <= to);
        switch (random.Next(6))
        {
            case 0 when fits:
                Move(from, count, to);
                break;
            case 1 when fits:
                MoveContents(from, count, to);
                break;
            case 2 when fits:
                GrowElsewhere(from, count, to);
                break;
            case 3 when fits:
                MapTwice(from, count, to);
                break;
            case 4:
                Shrink(from, count);
                break;
            case 5:
                GrowInPlace(from, count);
                break;
        }
    }

    /// <summary>As far as there is no hole; several mappings if need be.</summary>
    private void Move(int from, int most, int to)
    {
        int count = 0;
        while (count < most && pages[from + count].IsMapped) count++;
        if (count == 0) return;
        Assert.Equal(Errno.None, TryRemap(from, count, count, Moving, to));
        Array.Copy(pages, from, pages, to, count);
        Array.Clear(pages, from, count);
    }

    /// <summary>The pages go, the mapping stays: empty if private.</summary>
    private void MoveContents(int from, int most, int to)
    {
        int count = RunAt(from, most);
        if (count == 0 || pages[from].IsLocked) return;
        Assert.Equal(Errno.None, TryRemap(from, count, count, Moving | RemapFlags.DontUnmap, to));
        Array.Copy(pages, from, pages, to, count);
        for (int page = from; page < from + count; page++) pages[page].Drop();
    }

    private void GrowElsewhere(int from, int most, int to)
    {
        int count = RunAt(from, most - 1), grown = most - count;
        if (count == 0 || pages[from].IsLocked) return;

        // EFAULT: what is one mapping here has several areas, whose pages have different owners.
        Errno error = TryRemap(from, count, count + grown, Moving, to);
        if (error == Errno.EFAULT) return;
        Assert.Equal(Errno.None, error);
        Array.Copy(pages, from, pages, to, count);
        Array.Clear(pages, from, count);
        Extend(to, count, grown);
    }

    private void GrowInPlace(int from, int most)
    {
        int count = RunAt(from, most), grown = 0;
        if (count == 0 || pages[from].IsLocked) return;
        while (grown < 3 && from + count + grown < pages.Length && !pages[from + count + grown].IsMapped) grown++;
        if (grown == 0) return;
        Errno error = TryRemap(from, count, count + grown, RemapFlags.None, to: 0);
        if (error == Errno.EFAULT) return;
        Assert.Equal(Errno.None, error);
        Extend(from, count, grown);
    }

    private void Shrink(int from, int count)
    {
        if (!pages[from].IsMapped || count == 1) return;
        int left = 1 + random.Next(count - 1);
        Assert.Equal(Errno.None, TryRemap(from, count, left, RemapFlags.None, to: 0));
        Array.Clear(pages, from + left, count - left);
    }

    /// <summary>An old length of 0: shared memory is mapped a second time.</summary>
    private void MapTwice(int from, int most, int to)
    {
        int count = RunAt(from, most);
        if (count == 0 || !pages[from].IsShared || pages[from].IsLocked) return;
        Assert.Equal(Errno.None, TryRemap(from, 0, count, Moving, to));
        Array.Copy(pages, from, pages, to, count);
    }

    /// <summary>Fresh pages behind a run, which its file goes on in.</summary>
    private void Extend(int from, int count, int grown)
    {
        ModelPage last = pages[from + count - 1];
        for (int i = 0; i < grown; i++)
        {
            pages[from + count + i] = new ModelPage
            {
                IsMapped = true,
                File = last.File,
                Index = last.Index + 1 + i,
                IsShared = last.IsShared,
                Protection = last.Protection,
            };
        }
    }

    private Errno TryRemap(int from, int oldCount, int newCount, RemapFlags flags, int to) =>
        space.TryRemap(At(from), (ulong)oldCount * P, (ulong)newCount * P, flags, At(to), out _);
}
