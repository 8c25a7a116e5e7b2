using static Faultline.Tests.Guest;

namespace Faultline.Tests.Calls;

/// <summary>The first word of a guest's page, through a pin.</summary>
internal static class PinnedWords
{
    public static ulong WordAt(PinnedPages pinned, int page)
    {
        Span<byte> word = stackalloc byte[sizeof(ulong)];
        pinned.Read(At(page), word);
        return BitConverter.ToUInt64(word);
    }

    public static void Write(PinnedPages pinned, int page, ulong word) => pinned.Write(BitConverter.GetBytes(word), At(page));
}
