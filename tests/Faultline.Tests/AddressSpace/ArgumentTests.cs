using Faultline.Physical;

namespace Faultline.Tests.Calls;

/// <summary>Arguments at the ends of the address space and of the numbers: every call answers with an errno, never with another exception, and the two forms agree.</summary>
public class ArgumentTests
{
    private const ulong P = 4096, UserEnd = (1UL << 47) - P;

    private static readonly ulong[] s_addresses =
    [
        0, 1, P - 1, P, 0x1_0000, 0x1_0001, UserEnd - (2 * P), UserEnd - P, UserEnd - 1, UserEnd, UserEnd + 1, 1UL << 47, (1UL << 47) + P, 1UL << 48, 1UL << 63,
        ulong.MaxValue - P, ulong.MaxValue - P + 1, ulong.MaxValue - 1, ulong.MaxValue,
    ];

    private static readonly ulong[] s_lengths =
    [
        0, 1, P - 1, P, P + 1, 3 * P, UserEnd - P, UserEnd, UserEnd + 1, 1UL << 47, 1UL << 63, ulong.MaxValue - UserEnd, ulong.MaxValue - (2 * P), ulong.MaxValue - P,
        ulong.MaxValue - P + 1, ulong.MaxValue - 1, ulong.MaxValue,
    ];

    /// <summary>Two calls of each kind, the throwing form first, on spaces that are alike: they do the same.</summary>
    [Fact]
    public void WhenArgumentsAreAtTheEndsThenBothFormsOfEveryCallGiveTheSameErrno()
    {
        foreach (Call call in Calls())
        {
            foreach (ulong address in s_addresses)
            {
                foreach (ulong length in s_lengths)
                {
                    using World thrower = new(), trier = new();
                    Errno thrown = Errno.None;
                    try
                    {
                        call.Throwing(thrower.Space, address, length);
                    }
                    catch (AddressSpaceException exception)
                    {
                        thrown = exception.Error;
                    }

                    Errno tried = call.Trying(trier.Space, address, length);
                    Assert.True(thrown == tried, $"{call.Name}(0x{address:x}, 0x{length:x}): {thrown} thrown, {tried} returned");
                    Assert.Equal(thrower.Space.Maps(), trier.Space.Maps());
                    if (tried == Errno.EINVAL) Assert.Equal(thrower.Before, trier.Space.Maps());
                }
            }
        }
    }

    /// <summary>Accesses beyond the user's addresses are signals, also where the address or the length wraps.</summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenAnAccessLeavesTheAddressSpaceThenItIsASignal(FaultDesign design)
    {
        using var guest = new Guest(design, privileged: true);
        guest.Space.Map(0, P, Protection.ReadWrite, Guest.Private);
        guest.Space.Map(UserEnd - P, P, Protection.ReadWrite, Guest.Private);
        guest.Cpu.Write(UserEnd - 8, 7UL);
        Assert.Equal(7UL, guest.Cpu.Read<ulong>(UserEnd - 8));
        byte[] bytes = new byte[3 * P];
        foreach (ulong address in s_addresses.Where(address => address >= UserEnd).Append(UserEnd - 4))
        {
            Assert.Equal(FaultSignal.NotMapped, Guest.SignalOf(() => guest.Cpu.Read<ulong>(address)));
            Assert.Equal(FaultSignal.NotMapped, Guest.SignalOf(() => guest.Cpu.Write(address, 1UL)));
            Assert.Equal(FaultSignal.NotMapped, Guest.SignalOf(() => guest.Cpu.CopyTo(address, bytes)));
            Assert.Equal(FaultSignal.NotMapped, Guest.SignalOf(() => guest.Cpu.CopyFrom(bytes, address)));
            Assert.Equal(FaultSignal.NotMapped, Guest.SignalOf(() => guest.Cpu.Fill(address, ulong.MaxValue, 1)));
            if (address < UserEnd) continue;
            Assert.Equal(FaultSignal.NotMapped, Guest.SignalOf(() => guest.Cpu.Fetch<ulong>(address & ~7UL)));
            Assert.Equal(FaultSignal.NotMapped, Guest.SignalOf(() => guest.Cpu.Exchange(address & ~7UL, 1UL)));
            using MemoryAccessor.Session session = guest.Cpu.OpenSession();
            Assert.False(session.TryRead<ulong>(address, out _));
            Assert.False(session.TryGetSpan(address, int.MaxValue, AccessKind.Write, out _));
        }
    }

    /// <summary>Looking at the heap's end would wait for the thread's own session, as every call.</summary>
    [Fact]
    public void WhenTheBreakIsAskedForInsideASessionThenItThrows()
    {
        using var guest = new Guest();
        using (guest.Cpu.OpenSession()) Assert.Throws<InvalidOperationException>(() => guest.Space.Break);
        Assert.Equal(0UL, guest.Space.Break);
    }

    private static IEnumerable<Call> Calls()
    {
        const MapFlags Fixed = MapFlags.Private | MapFlags.Fixed, Hint = MapFlags.Private;
        const RemapFlags To = RemapFlags.MayMove | RemapFlags.Fixed;
        ulong there = 0x1_0000;
        yield return new("mmap fixed", (s, a, n) => s.Map(a, n, Protection.Read, Fixed), (s, a, n) => s.TryMap(a, n, Protection.Read, Fixed, out _));
        yield return new("mmap hint", (s, a, n) => s.Map(a, n, Protection.Read, Hint), (s, a, n) => s.TryMap(a, n, Protection.Read, Hint, out _));
        yield return new(
            "mmap stack",
            (s, a, n) => s.Map(a, n, Protection.ReadWrite, Fixed | MapFlags.GrowsDown),
            (s, a, n) => s.TryMap(a, n, Protection.ReadWrite, Fixed | MapFlags.GrowsDown, out _));
        yield return new("munmap", (s, a, n) => s.Unmap(a, n), (s, a, n) => s.TryUnmap(a, n));
        yield return new("mprotect", (s, a, n) => s.Protect(a, n, Protection.Read), (s, a, n) => s.TryProtect(a, n, Protection.Read));
        yield return new("mremap from", (s, a, n) => s.Remap(a, n, P, RemapFlags.MayMove), (s, a, n) => s.TryRemap(a, n, P, RemapFlags.MayMove, 0, out _));
        yield return new("mremap grow", (s, a, n) => s.Remap(a, P, n, RemapFlags.MayMove), (s, a, n) => s.TryRemap(a, P, n, RemapFlags.MayMove, 0, out _));
        yield return new("mremap to", (s, a, n) => s.Remap(there, P, n, To, a), (s, a, n) => s.TryRemap(there, P, n, To, a, out _));
        yield return new("mremap move", (s, a, n) => s.Remap(there, n, n, To, a), (s, a, n) => s.TryRemap(there, n, n, To, a, out _));
        foreach (Advice advice in Enum.GetValues<Advice>())
            yield return new($"madvise {advice}", (s, a, n) => s.Advise(a, n, advice), (s, a, n) => s.TryAdvise(a, n, advice));
        yield return new("mlock", (s, a, n) => s.MemoryLock(a, n), (s, a, n) => s.TryMemoryLock(a, n));
        yield return new("munlock", (s, a, n) => s.MemoryUnlock(a, n), (s, a, n) => s.TryMemoryUnlock(a, n));
        yield return new("msync", (s, a, n) => s.MemorySync(a, n), (s, a, n) => s.TryMemorySync(a, n));
        yield return new("mincore", (s, a, n) => s.MinCore(a, n, new byte[4]), (s, a, n) => s.TryMinCore(a, n, new byte[4]));
        yield return new("brk", (s, a, n) => s.Brk(unchecked(a + n)), (s, a, n) => s.TryBrk(unchecked(a + n), out _));
    }

    private sealed record Call(string Name, Action<AddressSpace, ulong, ulong> Throwing, Func<AddressSpace, ulong, ulong, Errno> Trying);

    /// <summary>Something at both ends of the address space.</summary>
    private sealed class World : IDisposable
    {
        private readonly PhysicalMemory _memory = new(new PhysicalMemoryOptions { CapacityInFrames = 64 });

        public World()
        {
            Space = new AddressSpace(_memory);
            Space.Map(0x1_0000, 2 * P, Protection.ReadWrite, MapFlags.Private | MapFlags.Fixed);
            Space.Map(UserEnd - (2 * P), 2 * P, Protection.ReadWrite, MapFlags.Private | MapFlags.Fixed);
            Before = Space.Maps();
        }

        public AddressSpace Space { get; }

        public string Before { get; }

        public void Dispose()
        {
            Space.Dispose();
            Frames.AssertAllHome(_memory);
            _memory.Dispose();
        }
    }
}
