namespace Faultline.Differential.Host;

/// <summary>
/// Keeps the calling thread, and the processes that it starts, on one processor. Tracer and traced process run by turns: on two processors each step
/// would wait for two wake-ups between them: a quarter of the steps in the same time.
/// </summary>
internal sealed class OneProcessor : IDisposable
{
    private const int MaskSize = 128;

    private readonly byte[] _before = new byte[MaskSize];

    public OneProcessor()
    {
        _ = Native.GetAffinity(0, MaskSize, _before);
        int current = Native.CurrentProcessor();
        Span<byte> one = stackalloc byte[MaskSize];
        one.Clear();
        one[current / 8] = (byte)(1 << (current % 8));

        // Refused, things are slower.
        _ = Native.SetAffinity(0, MaskSize, one);
    }

    /// <summary>On the thread that made it.</summary>
    public void Dispose() => _ = Native.SetAffinity(0, MaskSize, _before);
}
