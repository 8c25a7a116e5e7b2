namespace Faultline.Cli.Bench.Host;

/// <summary>Host memory that stays for a whole benchmark, already faulted in: what a raw pointer is measured on.</summary>
internal sealed unsafe class HostRegion : IDisposable
{
    private readonly nuint _length;

    /// <summary>Maps and touches <paramref name="length"/> bytes.</summary>
    public HostRegion(int length)
    {
        _length = (nuint)length;
        Start = HostMemory.MapLargePages(_length);
        Bytes.Fill(1);
    }

    public byte* Start { get; }

    public Span<byte> Bytes => new(Start, (int)_length);

    /// <inheritdoc/>
    public void Dispose() => HostMemory.Unmap(Start, _length);
}
