using System.Runtime.CompilerServices;

namespace Faultline.Checker;

/// <summary>
/// Accesses to shared native memory. A location is its address, so the memory must not move: native memory or pinned
/// arrays. Outside an exploration each acts directly.
/// </summary>
public static class SharedMemory
{
    /// <summary>Loads. More than eight bytes are loaded in eight-byte pieces, one step each.</summary>
    public static T Load<T>(ref T location)
        where T : unmanaged
    {
        if (ControlledThread.Current is not { } thread)
        {
            var direct = location;
            Volatile.ReadBarrier();
            return direct;
        }

        T value = default;
        ref byte bytes = ref Unsafe.As<T, byte>(ref value);
        nint address = AddressOf(ref location);
        for (int at = 0; at < Unsafe.SizeOf<T>();)
        {
            int size = PieceSize(Unsafe.SizeOf<T>() - at);
            Bytes.Write(ref Unsafe.AddByteOffset(ref bytes, at), size, thread.Load(new Location(address + at, size)).Bits);
            at += size;
        }

        return value;
    }

    /// <summary>Stores. More than eight bytes are stored in eight-byte pieces.</summary>
    public static void Store<T>(ref T location, T value)
        where T : unmanaged
    {
        if (ControlledThread.Current is not { } thread)
        {
            Volatile.WriteBarrier();
            location = value;
            return;
        }

        ref byte bytes = ref Unsafe.As<T, byte>(ref value);
        nint address = AddressOf(ref location);
        for (int at = 0; at < Unsafe.SizeOf<T>();)
        {
            int size = PieceSize(Unsafe.SizeOf<T>() - at);
            thread.Store(new Location(address + at, size), new Value(Bytes.Read(ref Unsafe.AddByteOffset(ref bytes, at), size)));
            at += size;
        }
    }

    /// <summary>Changes 1, 2, 4 or 8 aligned bytes in one step and returns the old content.</summary>
    public static T Modify<T>(ref T location, Update update, T operand, T comparand = default)
        where T : unmanaged
    {
        int size = Unsafe.SizeOf<T>();
        ulong operandBits = Bytes.Read(ref Unsafe.As<T, byte>(ref operand), size);
        ulong comparandBits = Bytes.Read(ref Unsafe.As<T, byte>(ref comparand), size);
        T old = default;
        ref byte oldBytes = ref Unsafe.As<T, byte>(ref old);

        if (ControlledThread.Current is { } thread)
        {
            var modified = thread.Modify(
                new Location(AddressOf(ref location), size), update, new Value(operandBits), new Value(comparandBits));
            Bytes.Write(ref oldBytes, size, modified.Bits);
            return old;
        }

        while (true)
        {
            old = location;
            T changed = default;
            Bytes.Write(ref Unsafe.As<T, byte>(ref changed), size, update.Apply(Bytes.Read(ref oldBytes, size), operandBits, comparandBits));
            var seen = Interlocked.CompareExchange(ref location, changed, old);
            if (Bytes.Read(ref Unsafe.As<T, byte>(ref seen), size) == Bytes.Read(ref oldBytes, size)) return old;
        }
    }

    private static nint AddressOf<T>(ref T location) => Unsafe.ByteOffset(ref Unsafe.NullRef<T>(), ref location);

    /// <summary>The largest single access within so many bytes.</summary>
    private static int PieceSize(int left) => left switch
    {
        >= 8 => 8,
        >= 4 => 4,
        >= 2 => 2,
        _ => 1,
    };
}
