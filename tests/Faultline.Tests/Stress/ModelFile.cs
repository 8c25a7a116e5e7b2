using System.Buffers.Binary;
using Faultline.Files;

namespace Faultline.Tests.Stress;

/// <summary>
/// A file that one thread changes by every way there is, and what it must hold: two words a page, at its start and its end, zero between them. Without a
/// <see cref="VmFile"/> it is the object behind shared anonymous memory.
/// </summary>
internal sealed class ModelFile(VmFile? file, int pages, string? hostPath = null)
{
    /// <summary>Pages that a file has at most.</summary>
    public const int MaxPages = 12;

    /// <summary>Words of a page that have a model.</summary>
    public const int Words = 2;

    private const ulong P = Page.Size;

    private readonly ulong[] _words = new ulong[MaxPages * Words];

    public VmFile? File => file;

    public bool IsOnHost => hostPath is not null;

    /// <summary>In bytes: whole pages, or half a page more.</summary>
    public ulong Length { get; private set; } = (ulong)pages * P;

    public int Pages => (int)Page.Count(Page.Ceiling(Length));

    /// <summary>Where a page has its words.</summary>
    public static ulong OffsetOf(int word) => word == 0 ? 0 : P - sizeof(ulong);

    public bool HasPage(int index) => index < Pages;

    /// <summary>The word lies before the end. What mappings write behind it is not modelled: it comes and goes with the cached page.</summary>
    public bool HasWord(int index, int word) => Position(index, word) < Length;

    public ulong Word(int index, int word) => _words[(index * Words) + word];

    public void SetWord(int index, int word, ulong value) => _words[(index * Words) + word] = value;

    public void SetLength(ulong length)
    {
        file!.SetLength(length);
        if (length < Length) Clear(length, Length);
        Length = length;
    }

    public void PunchHole(ulong offset, ulong length)
    {
        file!.PunchHole(offset, length);
        Clear(offset, offset + length);
    }

    /// <summary><c>pwrite</c>, which may make the file longer.</summary>
    public void Write(int index, int word, ulong value)
    {
        file!.Write(Position(index, word), BitConverter.GetBytes(value));
        SetWord(index, word, value);
        Length = Math.Max(Length, Position(index, word) + sizeof(ulong));
    }

    /// <summary><c>pread</c> of everything.</summary>
    public void CheckByReading()
    {
        byte[] contents = new byte[MaxPages * P];
        Assert.Equal((int)Length, file!.Read(0, contents));
        Check(contents, 0, MaxPages, "read");
    }

    /// <summary>What the host's file holds, after pages of it were written back or the file was let go.</summary>
    public void CheckOnHost(int first = 0, int count = MaxPages)
    {
        byte[] contents = new byte[MaxPages * P];
        using FileStream stream = new(hostPath!, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        stream.ReadAtLeast(contents, contents.Length, throwOnEndOfStream: false);
        Assert.Equal(Length, (ulong)stream.Length);
        Check(contents, first, count, "on the host");
    }

    /// <summary>What is lost between two places of the file.</summary>
    public void Clear(ulong from, ulong to)
    {
        for (int index = 0; index < MaxPages; index++)
        {
            for (int word = 0; word < Words; word++)
            {
                if (from <= Position(index, word) && Position(index, word) < to) SetWord(index, word, 0);
            }
        }
    }

    private void Check(byte[] contents, int first, int count, string how)
    {
        for (int index = first; index < Math.Min(first + count, Pages); index++)
        {
            for (int word = 0; word < Words; word++)
            {
                if (!HasWord(index, word)) continue;
                ulong found = BinaryPrimitives.ReadUInt64LittleEndian(contents.AsSpan((int)Position(index, word)));
                Assert.True(found == Word(index, word), $"Page {index} of {file}, word {word}, {how}: found 0x{found:x}, not 0x{Word(index, word):x}.");
            }
        }
    }

    private static ulong Position(int index, int word) => ((ulong)index * P) + OffsetOf(word);
}
