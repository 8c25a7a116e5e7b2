using Faultline.Files;
using Faultline.Physical;

namespace Faultline.Tests.Files;

/// <summary>A file whose pages go to and come from an array, with hooks.</summary>
internal sealed class StoredFile(PhysicalMemory memory, byte[] contents, FileAccess access = FileAccess.ReadWrite)
    : VmFile(memory, "/stored", new FileIdentity(8, 2, 43), (ulong)contents.Length, access)
{
    private readonly Lock _lock = new();
    private readonly List<ulong> _written = [];
    private byte[] _contents = contents;

    /// <summary>What reached the file.</summary>
    public byte[] Contents => _contents;

    public bool IsClosed { get; private set; }

    public Action<ulong>? OnWrite { get; set; }

    public Action<ulong>? OnWritable { get; init; }

    public override bool SupportsSpeculation => true;

    protected internal override bool WritesBack => true;

    protected internal override bool NotifiesWrites => OnWritable is not null;

    /// <summary>Pages written back since the last call.</summary>
    public ulong[] TakeWritten()
    {
        lock (_lock)
        {
            ulong[] written = [.. _written];
            _written.Clear();
            return written;
        }
    }

    protected override void ReadPage(ulong pageIndex, Span<byte> destination)
    {
        lock (_lock)
        {
            ReadOnlySpan<byte> rest = _contents.AsSpan((int)Math.Min((ulong)_contents.Length, pageIndex * Page.Size));
            rest[..Math.Min(rest.Length, destination.Length)].CopyTo(destination);
        }
    }

    protected internal override void WritePages(ulong firstPage, ReadOnlySpan<byte> source)
    {
        OnWrite?.Invoke(firstPage);
        lock (_lock)
        {
            source.CopyTo(_contents.AsSpan((int)(firstPage * Page.Size)));
            for (int done = 0; done < source.Length; done += Page.Size) _written.Add(firstPage++);
        }
    }

    protected internal override void OnPageWritable(ulong pageIndex) => OnWritable!(pageIndex);

    protected override bool CanResize => true;

    protected override void Resize(ulong length)
    {
        lock (_lock) Array.Resize(ref _contents, (int)length);
    }

    protected override void OnReleased() => IsClosed = true;
}
