namespace Faultline.Checker;

/// <summary>What a location holds: up to eight bytes, or a reference.</summary>
internal readonly struct Value(ulong bits, object? reference = null)
{
    public readonly ulong Bits = bits;
    public readonly object? Reference = reference;

    /// <summary>Equal as an atomic compare sees it: references by identity.</summary>
    public bool Is(Value other) => Bits == other.Bits && ReferenceEquals(Reference, other.Reference);

    public override string ToString() => Reference is null ? $"0x{Bits:x}" : Reference.GetType().Name;
}
