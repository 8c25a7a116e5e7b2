namespace Faultline.Tests.Stress;

/// <summary>More memory than there are frames, which one thread keeps writing to and looking at: what makes everybody's pages leave.</summary>
internal sealed class Ballast
{
    private const int Run = 64;

    private readonly Guest _guest;
    private readonly MemoryAccessor _cpu;
    private readonly int _first;
    private readonly ulong[] _model;
    private readonly Random _random;

    public Ballast(Guest guest, int first, int pages, Random random)
    {
        (_guest, _cpu, _first, _model, _random) = (guest, guest.NewCpu(), first, new ulong[pages], random);
        guest.Map(first, pages);
    }

    /// <summary>All of it once, so that it is there.</summary>
    public void Fill()
    {
        for (int page = 0; page < _model.Length; page++) Write(page);
    }

    /// <summary>A run of pages, or pages here and there.</summary>
    public void Step()
    {
        int from = _random.Next(_model.Length - Run);
        bool isRun = _random.Next(2) == 0;
        for (int i = 0; i < Run; i++)
        {
            int page = isRun ? from + i : _random.Next(_model.Length);
            Check(page);
            if (_random.Next(2) == 0) Write(page);
        }

        if (_random.Next(8) == 0) _guest.Advise(_first + from, Run, Advice.PageOut);
    }

    public void CheckAll()
    {
        for (int page = 0; page < _model.Length; page++) Check(page);
    }

    private void Check(int page)
    {
        ulong found = _cpu.Read<ulong>(AddressOf(page));
        Assert.True(found == _model[page], $"Page {page} of the ballast: found 0x{found:x}, not 0x{_model[page]:x}.");
    }

    private void Write(int page) => _cpu.Write(AddressOf(page), _model[page] = (ulong)_random.NextInt64());

    /// <summary>The word's place differs from page to page, so that a page for another is recognised.</summary>
    private ulong AddressOf(int page) => Guest.At(_first + page) + (ulong)(page % (Page.Size / sizeof(ulong)) * sizeof(ulong));
}
