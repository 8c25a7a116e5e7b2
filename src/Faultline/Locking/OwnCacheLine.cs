using System.Runtime.InteropServices;
using Faultline.Sync;

namespace Faultline.Locking;

/// <summary>A word with its cache line to itself: threads that only read the fields beside it do not miss when it changes.</summary>
[StructLayout(LayoutKind.Explicit, Size = 2 * LineBytes)]
internal struct OwnCacheLine
{
    private const int LineBytes = 64;

    // The object may start anywhere in a line: a whole line before the word, the rest of its own behind it.
    [FieldOffset(LineBytes)]
    public Word64 Word;
}
