using Faultline.Files;
using Faultline.Physical;

namespace Faultline.Tests.Files;

/// <summary>A file whose pages hold their number's low byte, which counts reads and can be told to do something on each.</summary>
internal sealed class TestFile(PhysicalMemory memory, ulong? length = null) : VmFile(memory, "/test", new FileIdentity(8, 2, 42), length)
{
    private int _reads;

    public int Reads => _reads;

    public Action<ulong>? OnRead { get; set; }

    public bool OptsIn { get; init; } = true;

    public int ReadAhead { get; init; } = 1;

    public bool Hangs { get; init; }

    protected internal override int ReadAheadPages => ReadAhead;

    public override bool SupportsSpeculation => OptsIn;

    public override bool MayHang => Hangs;

    protected override void ReadPage(ulong pageIndex, Span<byte> destination)
    {
        Interlocked.Increment(ref _reads);
        OnRead?.Invoke(pageIndex);
        destination.Fill((byte)pageIndex);
    }
}
