using Faultline.Swap;

namespace Faultline.Tests.Swap;

/// <summary>Keeps pages as they are, refuses and fails when told, and lets a test wait in the middle of a write or a read.</summary>
internal sealed class TestSwapDevice(int capacity) : SwapDevice("test", capacity)
{
    private readonly byte[]?[] _pages = new byte[]?[capacity];

    /// <summary>Pages that may still be written; further ones are refused.</summary>
    public int Room { get; set; } = int.MaxValue;

    public bool FailsToRead { get; set; }

    public bool Hangs { get; init; }

    public override bool MayHang => Hangs;

    /// <summary>Writes that throw, from the next on.</summary>
    public int Throws { get; set; }

    /// <summary>Called before each write, and after each read.</summary>
    public Action? BeforeWrite { get; set; }

    public Action? AfterRead { get; set; }

    /// <summary>Called before a slot is free again.</summary>
    public Action? BeforeDiscard { get; set; }

    /// <summary>Pages written so far, those refused not counted.</summary>
    public int Writes { get; private set; }

    protected internal override bool TryWrite(int slot, ReadOnlySpan<byte> page)
    {
        Assert.Null(_pages[slot]);
        BeforeWrite?.Invoke();
        if (Throws > 0)
        {
            Throws--;
            throw new IOException("The test's device fails.");
        }

        if (Room == 0) return false;
        Room--;
        Writes++;
        _pages[slot] = page.ToArray();
        return true;
    }

    protected internal override void Read(int slot, Span<byte> page)
    {
        if (FailsToRead) throw new IOException("The test's device fails.");
        byte[]? kept = _pages[slot];
        Assert.NotNull(kept);
        kept.CopyTo(page);
        AfterRead?.Invoke();
    }

    protected internal override void Discard(int slot)
    {
        BeforeDiscard?.Invoke();
        if (_pages[slot] is not null) Room++;
        _pages[slot] = null;
    }
}
