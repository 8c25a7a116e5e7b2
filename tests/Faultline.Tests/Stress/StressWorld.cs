namespace Faultline.Tests.Stress;

/// <summary>
/// Pages that several threads write and several others unmap, protect, move and share. Every page has one word for each writer, which that writer alone
/// writes, with ascending numbers; so a page that is foreign, stale or lost is recognised without stopping anybody.
/// </summary>
/// <remarks>
/// A word says whose it is: page, writer, number. A reader accepts zero (the page is fresh) and words of its own page and slot. A writer knows more: if no
/// call that drops the page has begun since its last write, the word must be what it wrote.
/// </remarks>
internal sealed class StressWorld(Guest guest, int pages, int stride)
{
    private const int Away = 1 << 18;

    // Calls that drop a page, counted before they begin and after they have returned. Interlocked.
    private readonly int[] _dropsBegun = new int[pages];
    private readonly int[] _dropsDone = new int[pages];

    public int Pages => pages;

    /// <summary>Address of a page: pages may lie apart, so that each needs tables of its own.</summary>
    public ulong At(int page) => Guest.At(page * stride);

    /// <summary>Where <see cref="MoveAway"/> puts a page.</summary>
    public ulong AwayAt(int page) => Guest.At((page * stride) + Away);

    private ulong LengthOf(int count) => (ulong)(((count - 1) * stride) + 1) << Page.Shift;

    public void MapAll() => MapAgain(0, pages);

    /// <summary>Maps a range anew, whatever is there.</summary>
    public void MapAgain(int page, int count) => Dropping(page, count, () =>
        guest.Space.Map(At(page), LengthOf(count), Protection.ReadWrite, Guest.Private | MapFlags.NoReserve));

    public void Unmap(int page, int count) => Dropping(page, count, () => guest.Space.Unmap(At(page), LengthOf(count)));

    /// <summary>ENOMEM says that the range has holes: the others have been advised.</summary>
    public void Drop(int page, int count) => Dropping(page, count, () =>
        Assert.Contains(guest.Space.TryAdvise(At(page), LengthOf(count), Advice.DontNeed), new[] { Errno.None, Errno.ENOMEM }));

    public void Protect(int page, int count, Protection protection) =>
        Assert.Contains(guest.Space.TryProtect(At(page), LengthOf(count), protection), new[] { Errno.None, Errno.ENOMEM });

    /// <summary>
    /// Moves one page elsewhere, looks at what arrived, and unmaps it there. Leaves a hole, or with <paramref name="keep"/> a fresh page.
    /// </summary>
    public void MoveAway(MemoryAccessor cpu, int page, bool keep) => Dropping(page, 1, () =>
    {
        RemapFlags flags = RemapFlags.MayMove | RemapFlags.Fixed | (keep ? RemapFlags.DontUnmap : 0);
        Errno error = guest.Space.TryRemap(At(page), Page.Size, Page.Size, flags, AwayAt(page), out _);
        if (error == Errno.None)
        {
            TryCheck(cpu, page, AwayAt(page));
            guest.Space.Unmap(AwayAt(page), Page.Size);
        }
        else
        {
            Assert.Contains(error, new[] { Errno.EFAULT, Errno.ENOMEM });
        }
    });

    private void Dropping(int page, int count, Action call)
    {
        for (int i = page; i < page + count; i++) Interlocked.Increment(ref _dropsBegun[i]);
        try
        {
            call();
        }
        finally
        {
            for (int i = page; i < page + count; i++) Interlocked.Increment(ref _dropsDone[i]);
        }
    }

    /// <summary>Reads all words of a page; false if it is not there or not readable.</summary>
    public bool TryCheck(MemoryAccessor cpu, int page, ulong address)
    {
        try
        {
            for (int writer = 0; writer < Writer.Most; writer++) Writer.AssertOwn(page, writer, cpu.Read<ulong>(address + Writer.Offset(writer)));
            return true;
        }
        catch (MemoryFaultException)
        {
            return false;
        }
    }

    /// <summary>One thread that writes its words and knows what it wrote.</summary>
    internal sealed class Writer(StressWorld world, MemoryAccessor cpu, int writer, Random random)
    {
        public const int Most = 4;

        private readonly ulong[] _last = new ulong[world.Pages];
        private readonly int[] _drops = new int[world.Pages];
        private ulong _number;

        /// <summary>Accesses that went through, and those that ended in a signal.</summary>
        public long Accesses { get; private set; }

        public long Signals { get; private set; }

        /// <summary>Words lie on lines of their own, the last one at the page's end.</summary>
        public static ulong Offset(int writer) => writer == Most - 1 ? Page.Size - sizeof(ulong) : (ulong)writer * 64;

        public static void AssertOwn(int page, int writer, ulong word) =>
            Assert.True(word == 0 || word >> 40 == Tag(page, writer), $"Page {page}, word of writer {writer}: found 0x{word:x}, which is not its own.");

        private static ulong Tag(int page, int writer) => ((ulong)(page + 1) << 8) | (uint)writer;

        public void Step()
        {
            int page = random.Next(world.Pages);
            try
            {
                Verify(page);
                Write(page);
                int other = random.Next(Most);
                AssertOwn(page, other, cpu.Read<ulong>(world.At(page) + Offset(other)));
                Accesses += 3;
            }
            catch (MemoryFaultException exception) when (exception.Signal is FaultSignal.NotMapped or FaultSignal.NotPermitted or FaultSignal.OutOfMemory)
            {
                Signals++;
            }
        }

        /// <summary>The word is what was written last, unless a drop has begun since.</summary>
        private void Verify(int page)
        {
            ulong found = cpu.Read<ulong>(world.At(page) + Offset(writer));
            AssertOwn(page, writer, found);
            if (Volatile.Read(ref world._dropsBegun[page]) == _drops[page])
                Assert.True(found == _last[page], $"Page {page}, writer {writer}: 0x{_last[page]:x} was lost, found 0x{found:x}.");
            else
                Assert.True(found == 0 || found == _last[page], $"Page {page}, writer {writer}: an older page is back, found 0x{found:x} after 0x{_last[page]:x}.");
        }

        private void Write(int page)
        {
            ulong address = world.At(page) + Offset(writer), word = (Tag(page, writer) << 40) | ++_number;
            int begun = Volatile.Read(ref world._dropsBegun[page]);
            bool quiet = Volatile.Read(ref world._dropsDone[page]) == begun;

            // Until the write has succeeded nothing is known.
            _drops[page] = -1;
            ulong before = _last[page];
            switch (random.Next(4))
            {
                case 0:
                    ulong seen = cpu.Read<ulong>(address);
                    if (cpu.CompareExchange(address, word, seen) != seen) word = before;
                    break;
                case 1:
                    cpu.CopyFrom(BitConverter.GetBytes(word), address);
                    break;
                case 2:
                    using (MemoryAccessor.Session session = cpu.OpenSession())
                    {
                        while (!session.TryWrite(address, word)) session.Renew(address, AccessKind.Write);
                    }

                    break;
                default:
                    cpu.Write(address, word);
                    break;
            }

            _last[page] = word;
            _drops[page] = quiet ? begun : -1;
        }
    }
}
