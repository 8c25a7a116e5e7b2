using System.Runtime.CompilerServices;

namespace Faultline;

/// <content>
/// Blocks. One section spans the pages, since entering another must wait for all stores of the last page (a tenth of the copy); it ends between two pages
/// as soon as somebody waits for it.
/// </content>
public sealed unsafe partial class MemoryAccessor
{
    /// <summary>Copies guest memory that begins at <paramref name="address"/> into <paramref name="destination"/>.</summary>
    /// <param name="address">Guest address in bytes; need not be aligned.</param>
    /// <param name="destination">Where to; its length is what is copied.</param>
    /// <exception cref="MemoryFaultException">Linux would have delivered a signal; pages before the failing one were copied.</exception>
    public void CopyTo(ulong address, Span<byte> destination) => CopyOut(address, destination, AccessKind.Read);

    /// <summary>Copies <paramref name="source"/> into guest memory that begins at <paramref name="address"/>.</summary>
    /// <param name="source">What to copy.</param>
    /// <param name="address">Guest address in bytes; need not be aligned.</param>
    /// <exception cref="MemoryFaultException">Linux would have delivered a signal; pages before the failing one were written.</exception>
    public void CopyFrom(ReadOnlySpan<byte> source, ulong address)
    {
        if (source.IsEmpty) return;
        EnterSection();
        while (true)
        {
            int length = LengthInPage(address, source.Length);
            Copy(source[..length], new Span<byte>(Translate(address, AccessKind.Write), length));
            source = source[length..];
            if (source.IsEmpty) break;
            address += (ulong)length;
            if (IsRenewalDue) RenewSection();
        }

        LeaveSection();
    }

    /// <summary>Sets <paramref name="length"/> bytes of guest memory to <paramref name="value"/>.</summary>
    /// <param name="address">Guest address in bytes; need not be aligned.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="value">The byte.</param>
    /// <exception cref="MemoryFaultException">Linux would have delivered a signal; pages before the failing one were written.</exception>
    public void Fill(ulong address, ulong length, byte value)
    {
        if (length == 0) return;
        EnterSection();
        while (true)
        {
            int part = LengthInPage(address, (int)Math.Min(length, Page.Size));
            new Span<byte>(Translate(address, AccessKind.Write), part).Fill(value);
            length -= (ulong)part;
            if (length == 0) break;
            address += (ulong)part;
            if (IsRenewalDue) RenewSection();
        }

        LeaveSection();
    }

    private void CopyOut(ulong address, Span<byte> destination, AccessKind kind)
    {
        if (destination.IsEmpty) return;
        EnterSection();
        while (true)
        {
            int length = LengthInPage(address, destination.Length);
            Copy(new ReadOnlySpan<byte>(Translate(address, kind), length), destination);
            destination = destination[length..];
            if (destination.IsEmpty) break;
            address += (ulong)length;
            if (IsRenewalDue) RenewSection();
        }

        LeaveSection();
    }

    /// <summary>In pieces that the runtime copies in managed code: for larger ones it leaves it, 10 ns for each page.</summary>
    private static void Copy(ReadOnlySpan<byte> from, Span<byte> to)
    {
        for (; from.Length > LargestManagedCopy; from = from[LargestManagedCopy..], to = to[LargestManagedCopy..])
            from[..LargestManagedCopy].CopyTo(to);
        from.CopyTo(to);
    }

    private const int LargestManagedCopy = 2048;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int LengthInPage(ulong address, int length) => (int)Math.Min((uint)length, Page.Size - (address & Page.OffsetMask));
}
