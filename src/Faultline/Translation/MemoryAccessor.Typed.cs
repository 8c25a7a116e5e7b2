using System.Runtime.CompilerServices;
using Faultline.Sync;
using Faultline.Translation;

namespace Faultline;

public sealed unsafe partial class MemoryAccessor
{
    /// <summary>Reads a <typeparamref name="T"/> from guest memory.</summary>
    /// <param name="address">Guest address in bytes.</param>
    /// <exception cref="MemoryFaultException">Linux would have delivered a signal.</exception>
    /// <remarks>
    /// A hit writes nothing: the translation is looked at again behind the data. If it was taken away in between, the data may come from a
    /// frame that belongs to somebody else by now, and is thrown away.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Read<T>(ulong address)
        where T : unmanaged
    {
        ref TlbEntry entry = ref Tlb.At(address);
        ulong key = TlbEntry.Key<T>(address);
        if (Native.LoadRelaxed(ref entry.ReadTag) == key)
        {
            T value = Native.ReadData(ref *(T*)(address + Native.LoadRelaxed(ref entry.Addend)));

            // The data before the tag: pairs with the full fence between a shooter's tag store and its freeing of the frame.
            Fence.AfterLoads();
            if (Native.LoadAcquire(ref entry.ReadTag) == key) return value;
        }

        return ReadSlow<T>(address, AccessKind.Read);
    }

    /// <summary>Writes a <typeparamref name="T"/> to guest memory.</summary>
    /// <param name="address">Guest address in bytes.</param>
    /// <param name="value">What to write.</param>
    /// <exception cref="MemoryFaultException">Linux would have delivered a signal.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write<T>(ulong address, T value)
        where T : unmanaged
    {
        // A store cannot be taken back, so it is announced first.
        EnterSection();
        ref TlbEntry entry = ref Tlb.At(address);
        if (Native.LoadRelaxed(ref entry.WriteTag) == TlbEntry.Key<T>(address))
        {
            Native.WriteData(ref *(T*)(address + Native.LoadRelaxed(ref entry.Addend)), value);
            LeaveSection();
            return;
        }

        WriteSlow(address, value);
    }

    /// <summary>Reads a <typeparamref name="T"/> as instructions: the page must be executable.</summary>
    /// <param name="address">Guest address in bytes.</param>
    /// <exception cref="MemoryFaultException">Linux would have delivered a signal.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Fetch<T>(ulong address)
        where T : unmanaged
    {
        ref TlbEntry entry = ref Tlb.At(address);
        ulong key = TlbEntry.Key<T>(address);
        if (Native.LoadRelaxed(ref entry.FetchTag) == key)
        {
            T value = Native.ReadData(ref *(T*)(address + Native.LoadRelaxed(ref entry.Addend)));

            // As in Read.
            Fence.AfterLoads();
            if (Native.LoadAcquire(ref entry.FetchTag) == key) return value;
        }

        return ReadSlow<T>(address, AccessKind.Execute);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private T ReadSlow<T>(ulong address, AccessKind kind)
        where T : unmanaged
    {
        T value;
        if (!CrossesPage<T>(address))
        {
            EnterSection();
            value = Native.ReadData(ref *(T*)Translate(address, kind));
            LeaveSection();
            return value;
        }

        CopyOut(address, new Span<byte>(&value, sizeof(T)), kind);
        return value;
    }

    /// <summary>Inside a section, which it leaves.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void WriteSlow<T>(ulong address, T value)
        where T : unmanaged
    {
        if (!CrossesPage<T>(address))
        {
            Native.WriteData(ref *(T*)Translate(address, AccessKind.Write), value);
            LeaveSection();
            return;
        }

        LeaveSection();
        CopyFrom(new ReadOnlySpan<byte>(&value, sizeof(T)), address);
    }

    private static bool CrossesPage<T>(ulong address)
        where T : unmanaged => (address & Page.OffsetMask) + (ulong)sizeof(T) > Page.Size;
}
