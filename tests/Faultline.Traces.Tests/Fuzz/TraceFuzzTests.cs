using System.Security.Cryptography;
using System.Text;
using Faultline.Testing;
using Faultline.Traces.Import;

namespace Faultline.Traces.Tests.Fuzz;

/// <summary>
/// Recordings and texts that were sound once. Whatever they have become ends in events or in the documented error: in no other exception, in no hang, in no file
/// that is half written, and in no more memory than the limits of the format allow.
/// </summary>
public class TraceFuzzTests
{
    // Two blocks, and what is made of each byte of input.
    private const long FixedMemory = 256L << 20, MemoryPerByte = 4096;

    // A replay of few frames: that it needs more is documented too.
    private const long Frames = 4096;

    private static readonly byte[][] s_recordings = [File.ReadAllBytes(Samples.Named("fork.fltrace")), File.ReadAllBytes(Samples.Named("threads.fltrace"))];

    private static readonly SealedTrace[] s_sealed = [.. s_recordings.Select(file => new SealedTrace(file))];

    private static readonly string[] s_lines = TextCorpus.Lines;

    [Fact]
    public void WhenARecordingIsCutFlippedOrSplicedThenItIsReadOrRefused() => FuzzLoop.Run(random =>
    {
        int which = random.Next(s_recordings.Length);
        return Attempt(Mutation.OfBytes(random, s_recordings[which], s_recordings[1 - which]), Read);
    });

    [Fact]
    public void WhenARecordingSaysNonsenseUnderSoundChecksumsThenItIsReadOrRefused() => FuzzLoop.Run(random =>
        Attempt(Nonsense(random, random.Next(s_sealed.Length)), Read));

    [Fact]
    public void WhenARecordingThatSaysNonsenseIsReplayedThenItEndsAndAllFramesComeHome() => FuzzLoop.Run(random =>
        Attempt(Nonsense(random, 0), Replay));

    [Fact]
    public void WhenTextIsChangedThenItIsImportedOrRefusedAndNoFileIsHalfWritten()
    {
        using var folder = new TemporaryFolder();
        FuzzLoop.Run(random =>
        {
            string text = Mutation.OfLines(random, s_lines);
            return Attempt(
                random.Next(4) switch
                {
                    0 => Mutation.OfBytes(random, Encoding.UTF8.GetBytes(text), s_recordings[0]),
                    1 => Mutation.RandomText(random),
                    _ => Encoding.UTF8.GetBytes(text),
                },
                input => Import(input, folder.Path));
        });
    }

    [Fact]
    public void WhenCompressedTextIsDamagedThenItIsImportedOrRefused()
    {
        using var compressor = new ZstdSharp.Compressor();
        byte[] compressed = compressor.Wrap(Encoding.UTF8.GetBytes(string.Join('\n', s_lines) + "\n")).ToArray();
        FuzzLoop.Run(random => Attempt(Mutation.OfBytes(random, compressed, compressed), ImportToMemory));
    }

    private static byte[] Nonsense(Random random, int which) => s_sealed[which].With(random, raw =>
        random.Next(3) == 0 ? Mutation.OfBytes(random, raw, s_recordings[1 - which]) : Mutation.OfNumbers(random, raw));

    /// <summary>True after success, false after the documented error, in bounded memory. What did otherwise is saved.</summary>
    private static bool Attempt(byte[] input, Action<byte[]> action)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        bool succeeded = false;
        try
        {
            action(input);
            succeeded = true;
        }
        catch (TraceException documented)
        {
            Assert.NotEmpty(documented.Cure);
        }
        catch (Exception other) when (Save(input) is var file)
        {
            throw new InvalidOperationException($"The input is saved as {file}.", other);
        }

        long used = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(used < FixedMemory + (MemoryPerByte * input.Length), $"{used >> 20} MiB for {input.Length} bytes: {Save(input)}.");
        return succeeded;
    }

    private static void Read(byte[] file)
    {
        using (var reader = TraceReader.Open(new MemoryStream(file)))
        {
            while (reader.Read())
            {
            }
        }

        using var again = TraceReader.Open(new MemoryStream(file));
        _ = TraceSummary.Of(again);
    }

    private static void Replay(byte[] file)
    {
        using var reader = TraceReader.Open(new MemoryStream(file));
        ReplayReport report = Replayer.Run(Recording.Load(reader), new ReplayOptions { Frames = Frames });
        Assert.All(report.Designs, design => Assert.Equal(0, design.FramesLost));
    }

    /// <summary>The output is there as a whole, or nothing is.</summary>
    private static void Import(byte[] text, string folder)
    {
        string input = Path.Combine(folder, "in.txt"), output = Path.Combine(folder, "out.fltrace");
        File.WriteAllBytes(input, text);
        try
        {
            TraceInput.Import(input, output);
        }
        catch
        {
            Assert.Equal([input], Directory.GetFiles(folder));
            throw;
        }

        Read(File.ReadAllBytes(output));
        File.Delete(output);
    }

    private static void ImportToMemory(byte[] text)
    {
        var file = new MemoryStream();
        PerfImporter.Import(new MemoryStream(text), file, new TraceHeader { CreatedBy = "test", Source = "test" });
        Read(file.ToArray());
    }

    private static string Save(byte[] input)
    {
        string folder = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "Failures")).FullName;
        string file = Path.Combine(folder, Convert.ToHexStringLower(SHA256.HashData(input))[..12]);
        File.WriteAllBytes(file, input);
        return file;
    }

    private sealed class TemporaryFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("faultline-fuzz").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
