namespace Faultline.Tests.Stress;

/// <summary>What one page of a <see cref="ModelProcess"/> must hold, or which signal an access to it must deliver.</summary>
internal struct ModelPage
{
    // The page's own words, if it has some: anonymous, or a private copy.
    private ulong _first, _second;

    // MADV_FREE: the word is there, or zero, until it is written again.
    private bool _firstMayVanish, _secondMayVanish;

    public bool IsMapped { get; init; }

    /// <summary>What is mapped; null for private anonymous memory.</summary>
    public ModelFile? File { get; init; }

    /// <summary>Page of the file.</summary>
    public int Index { get; init; }

    public bool IsShared { get; init; }

    public Protection Protection { get; set; }

    public bool IsLocked { get; set; }

    /// <summary>A private page of a file has words of its own.</summary>
    public bool IsCopied { get; private set; }

    private readonly bool IsFiles => File is not null && !IsCopied;

    /// <summary>Belongs to the same mapping as the page <paramref name="distance"/> before it.</summary>
    public readonly bool Continues(in ModelPage other, int distance) => IsMapped && other.IsMapped && File == other.File && IsShared == other.IsShared
        && Protection == other.Protection && IsLocked == other.IsLocked && (File is null || Index == other.Index + distance);

    public readonly FaultSignal Signal(Protection needed)
    {
        if (!IsMapped) return FaultSignal.NotMapped;
        if ((Protection & needed) == 0) return FaultSignal.NotPermitted;
        return IsFiles && !File!.HasPage(Index) ? FaultSignal.BusError : FaultSignal.None;
    }

    /// <summary>The word can be written and is kept.</summary>
    public readonly bool Keeps(int word) => !IsFiles || !File!.HasPage(Index) || File.HasWord(Index, word);

    public void Write(int word, ulong value)
    {
        if (IsShared)
        {
            File!.SetWord(Index, word, value);
            return;
        }

        Copy();
        if (word == 0) (_first, _firstMayVanish) = (value, false);
        else (_second, _secondMayVanish) = (value, false);
    }

    /// <summary>A word was seen: what it must be.</summary>
    public void AssertSeen(int word, ulong found, string where)
    {
        bool mayVanish = word == 0 ? _firstMayVanish : _secondMayVanish;
        ulong expected = IsFiles ? File!.Word(Index, word) : word == 0 ? _first : _second;
        Assert.True(found == expected || (mayVanish && found == 0), $"{where}, word {word}: found 0x{found:x}, not 0x{expected:x}. {this}");

        // Once it has gone it does not come back.
        if (mayVanish && found == 0 && word == 0) (_first, _firstMayVanish) = (0, false);
        if (mayVanish && found == 0 && word == 1) (_second, _secondMayVanish) = (0, false);
    }

    /// <summary>A private page gets words of its own: those of the file.</summary>
    public void Copy()
    {
        if (!IsFiles || IsShared) return;
        (_first, _second, IsCopied) = (File!.Word(Index, 0), File.Word(Index, 1), true);
    }

    /// <summary>What the page had of its own is gone.</summary>
    public void Drop() => (_first, _second, _firstMayVanish, _secondMayVanish, IsCopied) = (0, 0, false, false, false);

    public void MarkFree() => (_firstMayVanish, _secondMayVanish) = (true, true);

    public override readonly string ToString() => !IsMapped ? "A hole."
        : $"{(IsShared ? "Shared" : "Private")}, {(File is null ? "anonymous" : $"page {Index} of {File.File?.ToString() ?? "shared memory"}")}"
            + $"{(IsCopied ? ", copied" : "")}{(IsLocked ? ", locked" : "")}, {Protection}.";
}
