namespace Faultline.Checker;

/// <summary>Atomic read-modify-writes. Each waits for an empty store buffer and is a full fence.</summary>
public enum Update
{
    /// <summary>Stores the operand.</summary>
    Exchange,

    /// <summary>Stores the operand if the location holds the comparand.</summary>
    CompareExchange,

    /// <summary>Adds the operand, wrapping.</summary>
    Add,

    /// <summary>Sets the operand's bits.</summary>
    Or,

    /// <summary>Keeps only the operand's bits.</summary>
    And,
}

internal static class Updates
{
    /// <summary>The new value.</summary>
    public static ulong Apply(this Update update, ulong old, ulong operand, ulong comparand) => update switch
    {
        Update.Exchange => operand,
        Update.CompareExchange => old == comparand ? operand : old,
        Update.Add => old + operand,
        Update.Or => old | operand,
        Update.And => old & operand,
        _ => throw new ArgumentOutOfRangeException(nameof(update)),
    };
}
