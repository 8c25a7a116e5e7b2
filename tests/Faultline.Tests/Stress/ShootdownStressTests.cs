namespace Faultline.Tests.Stress;

/// <summary>
/// After a call that takes pages or rights away has returned, no access through an older translation happens: the frames that the pages had are watched, and
/// hold from that moment on what they held at that moment, or poison.
/// </summary>
public class ShootdownStressTests
{
    private const int Pages = 4;
    private const int Elsewhere = 1024;

    /// <summary>The calls after which older translations must not be used.</summary>
    public enum Call
    {
        Unmap,
        Protect,
        Fork,
        Remap,
        DontNeed,
    }

    public static TheoryData<FaultDesign, Call> Cases
    {
        get
        {
            var cases = new TheoryData<FaultDesign, Call>();
            foreach (FaultDesign design in Enum.GetValues<FaultDesign>())
            {
                foreach (Call call in Enum.GetValues<Call>()) cases.Add(design, call);
            }

            return cases;
        }
    }

    /// <summary>The control: without the announcement the same write reaches a frame that is no longer the page's, and the watch finds it.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void WhenWritesAreNotAnnouncedThenTheyReachFramesAfterTheCallHasReturned(FaultDesign design, Call call) =>
        Assert.True(CountStaleWrites(design, call, announced: false, rounds: 5) > 0, "The watch cannot see a stale write.");

    [Theory]
    [MemberData(nameof(Cases))]
    public void WhenWritesAreAnnouncedThenNoneReachesAFrameAfterTheCallHasReturned(FaultDesign design, Call call) =>
        Assert.Equal(0, CountStaleWrites(design, call, announced: true, rounds: 100));

    /// <summary>Frames whose contents changed after the call had returned.</summary>
    private static int CountStaleWrites(FaultDesign design, Call call, bool announced, int rounds)
    {
        using var guest = new Guest(design);
        MemoryAccessor[] cpus = [guest.NewCpu(), guest.NewCpu()];
        int stale = 0;
        for (int round = 0; round < rounds; round++)
        {
            uint[] frames = MapAndTouch(guest, cpus);
            bool returned = false;
            using var hits = new CountdownEvent(cpus.Length);
            var crew = new Crew();
            foreach (MemoryAccessor cpu in cpus)
            {
                int page = cpu.Slot % Pages;
                crew.Start(() => Assert.True(StaleAccess.Write(
                    cpu, Guest.At(page), ~0UL, announced, () => hits.Signal(), () => Volatile.Read(ref returned))));
            }

            hits.Wait();
            using AddressSpace? child = Do(guest, call);
            byte[][] after = [.. frames.Select(frame => guest.Memory.Contents(frame).ToArray())];
            Volatile.Write(ref returned, true);
            crew.Join();
            for (int i = 0; i < frames.Length; i++)
            {
                if (guest.Memory.Contents(frames[i]).SequenceEqual(after[i])) continue;
                stale++;

                // So that the guest's own check of the poison does not fail for what the control did.
                after[i].CopyTo(guest.Memory.Contents(frames[i]));
            }

            guest.Unmap(0, 2 * Elsewhere);
        }

        return stale;
    }

    [Theory]
    [InlineData(FaultDesign.Classic, Call.Unmap)]
    [InlineData(FaultDesign.AreaSequence, Call.Unmap)]
    [InlineData(FaultDesign.Classic, Call.DontNeed)]
    [InlineData(FaultDesign.AreaSequence, Call.DontNeed)]
    public void WhenReadsAreNotCheckedAfterwardsThenTheyReturnWhatAFreedFrameHolds(FaultDesign design, Call call) =>
        Assert.True(CountForeignReads(design, call, checkedAfterwards: false, rounds: 5) > 0, "The test cannot see a stale read.");

    [Theory]
    [InlineData(FaultDesign.Classic, Call.Unmap)]
    [InlineData(FaultDesign.AreaSequence, Call.Unmap)]
    [InlineData(FaultDesign.Classic, Call.DontNeed)]
    [InlineData(FaultDesign.AreaSequence, Call.DontNeed)]
    public void WhenReadsAreCheckedAfterwardsThenNoneReturnsWhatAFreedFrameHolds(FaultDesign design, Call call) =>
        Assert.Equal(0, CountForeignReads(design, call, checkedAfterwards: true, rounds: 100));

    private static int CountForeignReads(FaultDesign design, Call call, bool checkedAfterwards, int rounds)
    {
        using var guest = new Guest(design);
        MemoryAccessor cpu = guest.NewCpu();
        int foreign = 0;
        for (int round = 0; round < rounds; round++)
        {
            MapAndTouch(guest, [cpu]);
            bool returned = false;
            using var hit = new ManualResetEventSlim();
            var crew = new Crew();
            crew.Start(() =>
            {
                bool read = StaleAccess.Read(
                    cpu, Guest.At(1), out ulong value, checkedAfterwards, hit.Set, () => Volatile.Read(ref returned));
                if (read && value != Guest.WordOf(1)) foreign++;
            });
            hit.Wait();
            Do(guest, call)?.Dispose();
            Volatile.Write(ref returned, true);
            crew.Join();
            guest.Unmap(0, Pages);
        }

        return foreign;
    }

    /// <summary>The product's own accesses of every kind at full speed, with calls beside them; the frames are watched as above.</summary>
    [Theory]
    [InlineData(FaultDesign.Classic, true)]
    [InlineData(FaultDesign.Classic, false)]
    [InlineData(FaultDesign.AreaSequence, true)]
    [InlineData(FaultDesign.AreaSequence, false)]
    public void WhenAccessesOfEveryKindRunBesideCallsThenNoFrameChangesAfterACallHasReturned(FaultDesign design, bool downgrade)
    {
        int seed = Seed.Announce();
        using var guest = new Guest(design, downgrade: downgrade);
        var crew = new Crew();
        for (int thread = 0; thread < 3; thread++)
        {
            MemoryAccessor cpu = guest.NewCpu();
            Random random = Seed.ForThread(seed, thread);
            crew.StartLoop(_ => AccessSomehow(cpu, random));
        }

        Random choice = Seed.ForThread(seed, -1);

        // Not DontNeed: its pages come back at once, perhaps in the same frames.
        Call[] calls = [Call.Unmap, Call.Protect, Call.Fork, Call.Remap];
        crew.StartLoop(_ =>
        {
            guest.Map(0, Pages);
            guest.Touch(0, Pages);
            uint[] frames = [.. Enumerable.Range(0, Pages).Select(page => guest.FrameOf(page))];
            Thread.SpinWait(choice.Next(2000));
            Call call = calls[choice.Next(calls.Length)];
            using AddressSpace? child = Do(guest, call);
            byte[][] after = [.. frames.Select(frame => guest.Memory.Contents(frame).ToArray())];
            Thread.SpinWait(choice.Next(2000));
            for (int i = 0; i < Pages; i++)
            {
                // A frame that was freed may have been taken and zeroed, by a fault that began before; but nobody may write the page's word.
                Span<byte> now = guest.Memory.Contents(frames[i]);
                bool stale = call == Call.Unmap ? BitConverter.ToUInt64(now) == Guest.WordOf(i) : !now.SequenceEqual(after[i]);
                Assert.False(stale, $"Page {i} was written after {call} had returned.");
            }

            guest.Unmap(0, 2 * Elsewhere);
        });
        crew.RunFor(StressTime.OfOneTest);
    }

    /// <summary>Values name their page: a reader recognises a word that is not its page's. Signals are expected.</summary>
    private static void AccessSomehow(MemoryAccessor cpu, Random random)
    {
        int page = random.Next(Pages);
        ulong address = Guest.At(page), word = Guest.WordOf(page);
        try
        {
            for (int i = 0; i < 50; i++)
            {
                switch (random.Next(6))
                {
                    case 0: cpu.Write(address, word); break;
                    case 1: AssertOwn(page, cpu.Read<ulong>(address)); break;
                    case 2: AssertOwn(page, cpu.CompareExchange(address, word, word)); break;
                    case 3: cpu.CopyFrom(BitConverter.GetBytes(word), address); break;
                    case 4: AssertOwn(page, cpu.Exchange(address, word)); break;
                    default: UseSession(cpu, page, address, word); break;
                }
            }
        }
        catch (MemoryFaultException)
        {
        }
    }

    private static void UseSession(MemoryAccessor cpu, int page, ulong address, ulong word)
    {
        using MemoryAccessor.Session session = cpu.OpenSession();
        for (int i = 0; i < 20; i++)
        {
            if (session.TryGetSpan(address, 8, AccessKind.Write, out GuestSpan span)) BitConverter.TryWriteBytes(span.WritableBytes, word);
            if (session.TryRead(address, out ulong read)) AssertOwn(page, read);
            if (!session.TryWrite(address, word)) session.Renew(address, AccessKind.Write);
        }
    }

    private static void AssertOwn(int page, ulong word) =>
        Assert.True(word == 0 || word == Guest.WordOf(page), $"Page {page} holds 0x{word:x}, which was never written there.");

    private static uint[] MapAndTouch(Guest guest, MemoryAccessor[] cpus)
    {
        guest.Map(0, Pages);
        guest.Touch(0, Pages);
        foreach (MemoryAccessor cpu in cpus)
        {
            for (int page = 0; page < Pages; page++) cpu.Write(Guest.At(page), Guest.WordOf(page));
        }

        return [.. Enumerable.Range(0, Pages).Select(page => guest.FrameOf(page))];
    }

    private static AddressSpace? Do(Guest guest, Call call)
    {
        const ulong Length = Pages * Page.Size;
        switch (call)
        {
            case Call.Unmap:
                guest.Unmap(0, Pages);
                return null;
            case Call.Protect:
                guest.Protect(0, Pages, Protection.Read);
                return null;
            case Call.Fork:
                return guest.Space.Fork();
            case Call.Remap:
                guest.Space.Remap(Guest.At(0), Length, Length, RemapFlags.MayMove | RemapFlags.Fixed, Guest.At(Elsewhere));
                return null;
            default:
                guest.Advise(0, Pages, Advice.DontNeed);
                return null;
        }
    }
}
