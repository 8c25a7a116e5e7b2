using Faultline.Tests.Calls;
using Faultline.Tests.Files;
using Faultline.Tests.Swap;
using static Faultline.Tests.Guest;

namespace Faultline.Tests.Stress;

/// <summary>A space is killed at any moment, with threads in every kind of wait: all of them end, and everything comes home.</summary>
public class KillStressTests
{
    private const int FilePages = 64, AnonymousAt = 64, AnonymousPages = 32, HandlerAt = 96, FreeAt = 128;
    private const ulong P = Page.Size;

    [Theory]
    [ClassData(typeof(Pairs))]
    public void WhenASpaceIsKilledBesideFaultsAndCallsThenAllEndAndEverythingComesHome(FaultDesign design, WriterLock writers, bool dropLock)
    {
        var random = new Random(Seed.Announce());
        long end = Environment.TickCount64 + (long)StressTime.OfOneTest.TotalMilliseconds;
        int kills = 0;
        do
        {
            KillOnce(design, writers, dropLock, random.Next());
            kills++;
        }
        while (Environment.TickCount64 < end);
        TestContext.Current.TestOutputHelper?.WriteLine($"{kills} kills");
    }

    private static void KillOnce(FaultDesign design, WriterLock writers, bool dropLock, int seed)
    {
        using var device = new TestSwapDevice(256) { Hangs = true };
        using var guest = new Guest(design, writerLock: writers, dropLock: dropLock, swap: device);
        using var answers = new ManualResetEventSlim();
        var random = new Random(seed);

        // Every fourth read, and every second answer, does not come before the end.
        TestFile file = Hanging(guest, answers, optsIn: true), other = Hanging(guest, answers, optsIn: false);
        int answering = 0;
        var handler = new TestHandler(fault =>
        {
            if ((fault.Address / P % 2) != 0)
            {
                // After the end of the space, which then must not be called.
                answers.Wait();
                return false;
            }

            Interlocked.Increment(ref answering);
            bool answer = fault.Space.IsKilled || fault.Space.TryUserFaultZero(Page.Floor(fault.Address), P, out _) is Errno.None or Errno.EEXIST;
            Interlocked.Decrement(ref answering);
            return answer;
        })
        { Hangs = true };
        guest.Space.Map(At(0), FilePages / 2 * P, Protection.Read, Private, file, 0);
        guest.Space.Map(At(FilePages / 2), FilePages / 2 * P, Protection.Read, Private, other, 0);
        guest.Map(AnonymousAt, AnonymousPages);
        guest.Map(HandlerAt, 16);
        Assert.Equal(Errno.None, guest.Space.TryRegisterUserFault(At(HandlerAt), 16 * P, handler, UserFaultModes.Missing));
        guest.Touch(AnonymousAt, AnonymousPages);
        guest.Advise(AnonymousAt, AnonymousPages, Advice.PageOut);
        int swapReads = 0;
        device.AfterRead = () =>
        {
            if (Interlocked.Increment(ref swapReads) % 4 == 0) answers.Wait();
        };

        var crew = new Crew();
        for (int i = 0; i < 4; i++) StartFaults(crew, guest, random.Next());
        for (int i = 0; i < 2; i++) StartCalls(crew, guest, random.Next());
        Thread.Sleep(random.Next(4));
        guest.Space.Kill();
        crew.Join();
        foreach (MemoryAccessor cpu in guest.Space.Accessors.Snapshot.OfType<MemoryAccessor>().ToArray()) Assert.False(cpu.IsInSection);
        Wait.Until(() => Volatile.Read(ref answering) == 0, "a handler never answered");
        guest.Space.Dispose();
        file.Dispose();
        other.Dispose();
        answers.Set();
        Wait.Until(() => file.IsReleased && other.IsReleased, "a file was never let go");
        Wait.Until(() => guest.FramesInUse == 0, "frames never came home");
        Wait.Until(() => guest.Memory.ReclaimStatistics.FreeSwapSlots == 256, "slots never came home");
    }

    private static TestFile Hanging(Guest guest, ManualResetEventSlim answers, bool optsIn)
    {
        int reads = 0;
        return new TestFile(guest.Memory)
        {
            Hangs = true,
            OptsIn = optsIn,
            ReadAhead = 2,
            OnRead = _ =>
            {
                if (Interlocked.Increment(ref reads) % 4 == 0) answers.Wait();
            },
        };
    }

    private static void StartFaults(Crew crew, Guest guest, int seed)
    {
        MemoryAccessor cpu = guest.NewCpu();
        crew.Start(() =>
        {
            var random = new Random(seed);
            while (true)
            {
                try
                {
                    cpu.Read<byte>(At(random.Next(HandlerAt + 16)));
                }
                catch (MemoryFaultException exception)
                {
                    Assert.Equal(FaultSignal.Killed, exception.Signal);
                    return;
                }

                // What the TLB has is read on: an owner of guest threads looks for himself.
                if (guest.Space.IsKilled) return;
            }
        });
    }

    private static void StartCalls(Crew crew, Guest guest, int seed) => crew.Start(() =>
    {
        var random = new Random(seed);
        Errno error;
        do
        {
            int page = FreeAt + random.Next(16);
            error = random.Next(6) switch
            {
                0 => guest.Space.TryMap(At(page), P, Protection.ReadWrite, Private, out _),
                1 => guest.Space.TryUnmap(At(page), 3 * P),
                2 => guest.Space.TryAdvise(At(AnonymousAt), AnonymousPages * P, Advice.PageOut),
                3 => MapAndUnmap(guest.Space),
                4 => Fork(guest),
                _ => guest.Space.TryProtect(At(AnonymousAt), P, random.Next(2) == 0 ? Protection.Read : Protection.ReadWrite),
            };
            Assert.True(error is Errno.None or Errno.EINTR, error.ToString());
        }
        while (error != Errno.EINTR);
    });

    private static Errno MapAndUnmap(AddressSpace space)
    {
        Errno error = space.TryMap(0, 4 * P, Protection.ReadWrite, MapFlags.Private | MapFlags.Populate, out ulong mapped);
        return error == Errno.None ? space.TryUnmap(mapped, 4 * P) : error;
    }

    private static Errno Fork(Guest guest)
    {
        Errno error = guest.Space.TryFork(out AddressSpace? child);
        child?.Dispose();
        return error;
    }
}
