using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Faultline.Areas;

/// <summary>Search in a node's inline keys: ascending, the unused tail filled with <see cref="Unused"/>.</summary>
/// <remarks>
/// Compares every key: the node's lines are fetched in parallel and no branch depends on a key. A binary search loads them one after
/// the other and mispredicts half of its turns.
/// </remarks>
internal static class SortedKeys
{
    /// <summary>Fills slots without a key; larger than every address that is searched for.</summary>
    public const ulong Unused = ulong.MaxValue;

    /// <summary>How many of <paramref name="length"/> keys are at most <paramref name="limit"/>; the length is a multiple of the vector's.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int CountAtMost(ref readonly ulong keys, [ConstantExpected] int length, ulong limit)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Vector512<ulong> limits = Vector512.Create(limit);
            int count = 0;
            for (int i = 0; i < length; i += Vector512<ulong>.Count)
            {
                Vector512<ulong> atMost = Vector512.LessThanOrEqual(Vector512.LoadUnsafe(in keys, (nuint)i), limits);
                count += BitOperations.PopCount(atMost.ExtractMostSignificantBits());
            }

            return count;
        }

        return CountAtMostPortable(in keys, length, limit);
    }

    /// <summary>The same with whatever vectors there are; gathering the mask's bits is slow on Arm64, so this adds up the lanes.</summary>
    public static int CountAtMostPortable(ref readonly ulong keys, int length, ulong limit)
    {
        var limits = new Vector<ulong>(limit);
        Vector<ulong> counts = Vector<ulong>.Zero;

        // A lane of the comparison is 0 or all ones, that is minus one.
        for (int i = 0; i < length; i += Vector<ulong>.Count)
            counts -= Vector.LessThanOrEqual(Vector.LoadUnsafe(in keys, (nuint)i), limits);
        return (int)Vector.Sum(counts);
    }
}
