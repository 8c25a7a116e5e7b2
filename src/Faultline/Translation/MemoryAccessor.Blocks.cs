using System.Runtime.CompilerServices;

namespace Faultline;

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
        while (!source.IsEmpty)
        {
            int length = LengthInPage(address, source.Length);
            EnterSection();
            source[..length].CopyTo(new Span<byte>(Translate(address, AccessKind.Write), length));
            LeaveSection();
            source = source[length..];
            address += (ulong)length;
        }
    }

    /// <summary>Sets <paramref name="length"/> bytes of guest memory to <paramref name="value"/>.</summary>
    /// <param name="address">Guest address in bytes; need not be aligned.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="value">The byte.</param>
    /// <exception cref="MemoryFaultException">Linux would have delivered a signal; pages before the failing one were written.</exception>
    public void Fill(ulong address, ulong length, byte value)
    {
        while (length != 0)
        {
            int part = LengthInPage(address, (int)Math.Min(length, Page.Size));
            EnterSection();
            new Span<byte>(Translate(address, AccessKind.Write), part).Fill(value);
            LeaveSection();
            length -= (ulong)part;
            address += (ulong)part;
        }
    }

    private void CopyOut(ulong address, Span<byte> destination, AccessKind kind)
    {
        while (!destination.IsEmpty)
        {
            int length = LengthInPage(address, destination.Length);
            EnterSection();
            new ReadOnlySpan<byte>(Translate(address, kind), length).CopyTo(destination);
            LeaveSection();
            destination = destination[length..];
            address += (ulong)length;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int LengthInPage(ulong address, int length) => (int)Math.Min((uint)length, Page.Size - (address & Page.OffsetMask));
}
