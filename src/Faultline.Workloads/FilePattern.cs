namespace Faultline.Workloads;

/// <summary>The contents of a workload's files: every word says where it belongs.</summary>
public static class FilePattern
{
    private const int WordsPerPage = Pages.Size / sizeof(ulong);

    /// <summary>Word <paramref name="word"/> of page <paramref name="page"/>. Never 0, which is what a page that was not read would hold.</summary>
    public static ulong WordAt(ulong page, int word) => ~((page * WordsPerPage) + (ulong)word);

    /// <summary>Fills <paramref name="words"/> with the contents of a page from its start.</summary>
    public static void Fill(ulong page, Span<ulong> words)
    {
        for (int i = 0; i < words.Length; i++) words[i] = WordAt(page, i);
    }
}
