using System.Runtime.CompilerServices;
using Faultline.Sync;
using Faultline.Translation;

namespace Faultline;

public sealed unsafe partial class MemoryAccessor
{
    /// <summary>Opens a session: bulk access with one announcement for many accesses. Close it soon: it delays everyone who unmaps.</summary>
    /// <exception cref="InvalidOperationException">A session is open already.</exception>
    public Session OpenSession()
    {
        ThrowIfUnusable();
        EnterSection();
        Threads.OpenSessions++;
        return new Session(this);
    }

    /// <summary>Counts renewals, so that debug builds find spans that outlived their translation. The owner's.</summary>
    internal int SessionVersion { get; private set; }

    /// <summary>
    /// A scope in which translations stay good: what its spans show is not re-used before the session is renewed or disposed. While it is open the thread must not
    /// call the accessor itself, nor anything that changes an address space; nor access memory through another accessor, whose fault may wait for somebody who waits for this session.
    /// </summary>
    /// <remarks>
    /// Nothing here faults or waits but <see cref="Renew(ulong, AccessKind)"/>: a miss returns false, and so does every access once somebody waits for the session
    /// to end. The loop of a user is: try; on false renew and try again.
    /// </remarks>
    public readonly ref struct Session : IDisposable
    {
        private readonly MemoryAccessor _accessor;

        // The accessor's block: kept here, in a register, where the accessor's own field would be loaded again for every access.
        private readonly AccessorBlock* _block;

        internal Session(MemoryAccessor accessor)
        {
            _accessor = accessor;
            _block = accessor._block;
        }

        /// <summary>True once another thread waits for this session to end: renew soon.</summary>
        public bool IsRenewalDue => Native.LoadRelaxed(ref _block->Pending) != 0;

        /// <summary>Reads if the translation is at hand. False: <see cref="Renew(ulong, AccessKind)"/>, or the access crosses a page or is misaligned.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool TryRead<T>(ulong address, out T value)
            where T : unmanaged
        {
            ref TlbEntry entry = ref new Tlb(&_block->FirstEntry).At(address);
            if (Native.LoadRelaxed(ref entry.ReadTag) == TlbEntry.Key<T>(address) && !IsRenewalDue)
            {
                value = Native.ReadData(ref *(T*)(address + Native.LoadRelaxed(ref entry.Addend)));
                return true;
            }

            value = default;
            return false;
        }

        /// <summary>Writes if the translation is at hand. False: <see cref="Renew(ulong, AccessKind)"/>, or the access crosses a page or is misaligned.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool TryWrite<T>(ulong address, T value)
            where T : unmanaged
        {
            ref TlbEntry entry = ref new Tlb(&_block->FirstEntry).At(address);
            if (Native.LoadRelaxed(ref entry.WriteTag) != TlbEntry.Key<T>(address) || IsRenewalDue) return false;
            Native.WriteData(ref *(T*)(address + Native.LoadRelaxed(ref entry.Addend)), value);
            return true;
        }

        /// <summary>Lends the bytes from <paramref name="address"/> on, at most to the end of their page, if the translation is at hand.</summary>
        /// <param name="address">Guest address in bytes.</param>
        /// <param name="length">Bytes wanted, at least 1.</param>
        /// <param name="kind">What will be done with them.</param>
        /// <param name="span">The bytes: as many as wanted, or fewer at the end of a page.</param>
        public bool TryGetSpan(ulong address, int length, AccessKind kind, out GuestSpan span)
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
            byte* host = IsRenewalDue ? null : _accessor.TryTranslate(address, kind);
            span = host == null ? default : new GuestSpan(new Span<byte>(host, LengthInPage(address, length)), _accessor, kind == AccessKind.Write);
            return host != null;
        }

        /// <summary>Lends two ranges at once, as a copy needs: renewing for one would end the other.</summary>
        public bool TryGetSpans(
            ulong source, ulong destination, int length, out GuestSpan from, out GuestSpan to)
        {
            length = Math.Min(LengthInPage(source, length), LengthInPage(destination, length));
            to = default;
            return TryGetSpan(source, length, AccessKind.Read, out from) && TryGetSpan(destination, length, AccessKind.Write, out to);
        }

        /// <summary>Lets waiters go ahead, faults the page of <paramref name="address"/> in and begins anew. All earlier spans end.</summary>
        /// <exception cref="MemoryFaultException">Linux would have delivered a signal; the session stays open.</exception>
        public void Renew(ulong address, AccessKind kind)
        {
            Restart();
            _accessor.TouchInSession(address, kind);
        }

        /// <summary>As <see cref="Renew(ulong, AccessKind)"/> for the two ranges of a copy.</summary>
        /// <exception cref="MemoryFaultException">Linux would have delivered a signal; the session stays open.</exception>
        public void Renew(ulong source, ulong destination)
        {
            Restart();
            _accessor.TouchInSession(source, AccessKind.Read);
            _accessor.TouchInSession(destination, AccessKind.Write);
        }

        /// <summary>Ends the session and all its spans. Idempotent.</summary>
        public void Dispose()
        {
            // A second end would begin a section that never ends.
            if (!_accessor.IsInSection) return;
            _accessor.SessionVersion++;
            _accessor.LeaveSection();
            Native.StoreRelaxed(ref _block->Pending, 0);
            Threads.OpenSessions--;
        }

        private void Restart()
        {
            _accessor.SessionVersion++;
            _accessor.RenewSection();
        }
    }

    private void TouchInSession(ulong address, AccessKind kind)
    {
        // A fault may wait for locks and frames, and shoot down: for that time the session does not count as open.
        Threads.OpenSessions--;
        try
        {
            Translate(address, kind);
        }
        catch
        {
            EnterSection();
            throw;
        }
        finally
        {
            Threads.OpenSessions++;
        }
    }
}
