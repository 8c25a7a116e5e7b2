namespace Faultline.Tests.Stress;

/// <summary>
/// Pages that several threads write and several others take away, protect, move and share. Every page has one word for each writer, which that writer alone
/// writes, with ascending numbers; so a page that is foreign, stale or lost is recognised without stopping anybody.
/// </summary>
/// <remarks>
/// A word says whose it is: page, writer, number. A reader accepts zero (the page is fresh) and words of its own page and slot. A writer knows more: if no
/// call that drops the page has begun since its last write, the word must be what it wrote; if one that began later has returned, it must be zero.
/// </remarks>
internal abstract class StressPages(int pages)
{
    // Calls that drop a page, counted before they begin, which is also their number, and after they have returned. Interlocked.
    private readonly int[] _dropsBegun = new int[pages];
    private readonly int[] _dropsDone = new int[pages];

    // The highest number of a call that has returned and did drop the page. Interlocked.
    private readonly int[] _lastDrop = new int[pages];

    // A word that no writer has.
    private const ulong SpareOffset = Page.Size / 2;

    public int Pages => pages;

    /// <summary>Where a page is to be found, if it is.</summary>
    public abstract ulong At(int page);

    /// <summary>What an access may end in.</summary>
    protected abstract bool MayDeliver(FaultSignal signal);

    /// <summary>Runs a call that takes pages away; it says whether it did.</summary>
    protected void Dropping(int page, int count, Func<bool> call)
    {
        int[] numbers = new int[count];
        for (int i = 0; i < count; i++) numbers[i] = Interlocked.Increment(ref _dropsBegun[page + i]);
        bool dropped = call();
        for (int i = 0; i < count; i++)
        {
            if (dropped) Raise(ref _lastDrop[page + i], numbers[i]);
            Interlocked.Increment(ref _dropsDone[page + i]);
        }
    }

    private static void Raise(ref int highest, int number)
    {
        for (int seen = Volatile.Read(ref highest); seen < number;)
        {
            int held = Interlocked.CompareExchange(ref highest, number, seen);
            if (held == seen) return;
            seen = held;
        }
    }

    /// <summary>What a call has refused is refused once it has returned: no fault that was under way has brought it back.</summary>
    protected void AssertRights(MemoryAccessor cpu, int page, int count, Protection protection)
    {
        if (protection == Protection.None) AssertRefused(cpu, page, count, AccessKind.Read, FaultSignal.NotPermitted);
        if (protection == Protection.Read) AssertRefused(cpu, page, count, AccessKind.Write, FaultSignal.NotPermitted);
    }

    /// <inheritdoc cref="AssertRights"/>
    protected void AssertRefused(MemoryAccessor cpu, int page, int count, AccessKind access, FaultSignal signal)
    {
        for (int i = page; i < page + count; i++)
        {
            // A write that nothing comes of, if it is let through: no page holds this word.
            ulong address = At(i) + SpareOffset;
            var found = FaultSignal.None;
            try
            {
                if (access == AccessKind.Read) cpu.Read<ulong>(address);
                else cpu.CompareExchange(address, ulong.MaxValue, ulong.MaxValue);
            }
            catch (MemoryFaultException exception)
            {
                found = exception.Signal;
            }

            Assert.True(found == signal, $"Page {i}, {access}: {found} after a call that left {signal}.");
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
    internal sealed class Writer(StressPages world, MemoryAccessor cpu, int writer, Random random)
    {
        public const int Most = 4;

        private readonly ulong[] _last = new ulong[world.Pages];
        private readonly int[] _drops = new int[world.Pages];

        // Calls that had begun when the last write was done: those with higher numbers dropped it.
        private readonly int[] _dropsBefore = new int[world.Pages];
        private ulong _number;

        /// <summary>Accesses that went through, and those that ended in a signal.</summary>
        public long Accesses { get; private set; }

        public long Signals { get; private set; }

        /// <summary>Words lie on lines of their own, the last one at the page's end.</summary>
        public static ulong Offset(int writer) => writer == Most - 1 ? Page.Size - sizeof(ulong) : (ulong)writer * 64;

        public static void AssertOwn(int page, int writer, ulong word) =>
            Assert.True(word == 0 || word >> 40 == Tag(page, writer), $"Page {page}, word of writer {writer}: found 0x{word:x}, which is not its own.");

        public static ulong Tag(int page, int writer) => ((ulong)(page + 1) << 8) | (uint)writer;

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
            catch (MemoryFaultException exception) when (world.MayDeliver(exception.Signal))
            {
                Signals++;
            }
        }

        /// <summary>The word is what was written last, or, after a drop, zero; either while a drop is on.</summary>
        private void Verify(int page)
        {
            bool isGone = Volatile.Read(ref world._lastDrop[page]) > _dropsBefore[page];
            ulong found = cpu.Read<ulong>(world.At(page) + Offset(writer));
            AssertOwn(page, writer, found);
            bool isThere = Volatile.Read(ref world._dropsBegun[page]) == _drops[page];
            Assert.True(!isThere || found == _last[page], $"Page {page}, writer {writer}: 0x{_last[page]:x} was lost, found 0x{found:x}.");
            Assert.True(!isGone || found == 0, $"Page {page}, writer {writer}: a dropped page is back, found 0x{found:x} after 0x{_last[page]:x}.");
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
            _dropsBefore[page] = Volatile.Read(ref world._dropsBegun[page]);
            _drops[page] = quiet ? begun : -1;
        }
    }
}
