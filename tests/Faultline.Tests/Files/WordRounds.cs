namespace Faultline.Tests.Files;

/// <summary>Threads that write a word into each page of a part of their own, again and again, and find what they left: more than memory holds at once.</summary>
internal static class WordRounds
{
    private const ulong Rounds = 3, Offset = 8;

    /// <summary>What a page holds at <see cref="Offset"/> after the last round.</summary>
    public static ulong Last(int page) => Guest.WordOf(page) + Rounds - 1;

    /// <summary>Where in a page the word stands.</summary>
    public static ulong Place(ulong page) => page + Offset;

    public static void Run(Guest guest, int threads, int pagesEach)
    {
        var crew = new Crew();
        for (int thread = 0; thread < threads; thread++)
        {
            MemoryAccessor cpu = guest.NewCpu();
            int first = thread * pagesEach;
            crew.Start(() =>
            {
                for (ulong round = 0; round < Rounds; round++)
                {
                    for (int page = first; page < first + pagesEach; page++)
                    {
                        if (round != 0) Assert.Equal(Guest.WordOf(page) + round - 1, cpu.Read<ulong>(Place(Guest.At(page))));
                        cpu.Write(Place(Guest.At(page)), Guest.WordOf(page) + round);
                    }
                }
            });
        }

        crew.Join();
    }
}
