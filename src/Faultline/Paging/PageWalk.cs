using System.Runtime.CompilerServices;
using Faultline.Sync;

namespace Faultline.Paging;

/// <summary>
/// Where an address is mapped: its entry, the table that holds it and the parent entry that leads there, as they were read.
/// </summary>
/// <remarks>
/// Valid inside the walker section in which it was made, or while a lock keeps the address's tables. A table reached by a walk cannot be re-used before
/// that section ends (<see cref="TableGraveyard"/>), so its lock word may be tried; whether it is still <em>attached</em> the holder of
/// the lock learns from <see cref="IsAttached"/>.
/// </remarks>
internal ref struct PageWalk
{
    /// <summary>The entry of the address in the lowest table.</summary>
    public ref ulong Entry;

    /// <summary>The parent entry, which points to <see cref="Table"/>.</summary>
    public ref ulong Parent;

    /// <summary>What <see cref="Entry"/> held.</summary>
    public Pte Value;

    /// <summary>What <see cref="Parent"/> held.</summary>
    public Pte ParentValue;

    /// <summary>Frame of the lowest table.</summary>
    public uint Table;

    /// <summary>Tables that are missing on the way; 0 if the walk is complete.</summary>
    public int MissingTables;

    /// <summary>The entry so many pages further on (or back), which the caller knows to be in the same table.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ref ulong Neighbour(int pages) => ref Unsafe.Add(ref Entry, pages);

    public readonly bool IsComplete => Table != 0;

    /// <summary>The parent still points to the table. Acquire: pairs with the release store that installs a table.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly bool IsAttached() => Native.LoadAcquire(ref Parent) == ParentValue.Value;

    /// <summary>
    /// The entry still holds what the walk read, but for the bits of use, which lock-free fills may have set since.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly bool IsEntryUnchanged() =>
        ((Native.LoadAcquire(ref Entry) ^ Value.Value) & ~Pte.UseBits) == 0;
}
