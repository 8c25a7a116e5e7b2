namespace Faultline.Traces.Replay;

/// <summary>Names that Linux gives to mappings without a file.</summary>
internal static class ReplayNames
{
    public const string Stack = "[stack]";
    public const string Heap = "[heap]";
}
