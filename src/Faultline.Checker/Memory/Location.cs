using System.Runtime.CompilerServices;

namespace Faultline.Checker;

/// <summary>A shared location: a managed cell, or one to eight bytes of native memory known by their address.</summary>
internal readonly struct Location
{
    public readonly Cell? Cell;
    public readonly nint Address;
    public readonly int Size;

    public Location(Cell cell, int size)
    {
        Cell = cell;
        Size = size;
    }

    public Location(nint address, int size)
    {
        Address = address;
        Size = size;
    }

    /// <summary>The bits that the location has.</summary>
    public ulong Mask => Size == sizeof(ulong) ? ulong.MaxValue : (1ul << (8 * Size)) - 1;

    public bool IsSameAs(in Location other) => ReferenceEquals(Cell, other.Cell) && Address == other.Address;

    /// <summary>Reads memory, past every store buffer.</summary>
    public Value Read() => Cell?.Memory ?? new Value(Bytes.Read(ref At(Address), Size));

    /// <summary>Writes memory.</summary>
    public void Write(Value value)
    {
        if (Cell is not null) Cell.Memory = value;
        else Bytes.Write(ref At(Address), Size, value.Bits);
    }

    private static ref byte At(nint address) => ref Unsafe.AddByteOffset(ref Unsafe.NullRef<byte>(), address);
}
