namespace Faultline.Traces.Format;

/// <summary>Moves values between events and columns, in one direction: the same code path writes and reads, so that they cannot differ.</summary>
/// <remarks>A reader sets the value, a writer takes it. Implementations are structs or sealed, so the calls are direct.</remarks>
internal interface IColumns
{
    /// <summary>A number that is usually small.</summary>
    void Unsigned(Column column, ref ulong value);

    /// <summary>A number that is usually close to <paramref name="previous"/>, which becomes it.</summary>
    void Delta(Column column, ref ulong value, ref ulong previous);

    /// <summary>A string's index, -1 for none; defines the string at its first use.</summary>
    void String(ref int index);

    /// <summary>A thread of the table, by its ids; defines it at its first use and returns its place.</summary>
    int Thread(ref int processId, ref int threadId);

    /// <summary>Thrown by a reader for a value that no writer writes.</summary>
    Exception Invalid(string what);
}
