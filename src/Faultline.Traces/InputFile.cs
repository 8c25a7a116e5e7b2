using Faultline.Traces.Import;

namespace Faultline.Traces;

/// <summary>Opens a file for reading, and says of each way in which that fails what to do about it.</summary>
internal static class InputFile
{
    private const string OtherFile = "Give a file that `faultline record`, `faultline import` or perf script wrote";

    /// <summary>Opens a file whose first bytes can be read: of a folder, a device or a process's memory that is what fails.</summary>
    /// <param name="path">The file.</param>
    /// <param name="content">All of it, with the first <paramref name="peeked"/> bytes to look at.</param>
    /// <param name="peeked">How many bytes to look at.</param>
    /// <exception cref="InputException">It cannot be opened or read.</exception>
    public static FileStream Open(string path, int peeked, out PeekStream content)
    {
        if (path.Length == 0) throw new InputException("the name of the input is empty", OtherFile);
        if (Directory.Exists(path)) throw new InputException($"cannot read {path}: it is a folder", OtherFile);
        FileStream? file = null;
        try
        {
            file = File.OpenRead(path);
            content = new PeekStream(file, peeked);
            return file;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            file?.Dispose();
            var (reason, cure) = Explain(path, e);
            throw new InputException($"cannot read {path}: {reason}", cure, e);
        }
    }

    /// <summary>A recording is read from its end first; of a pipe the end is known only when all of it is there.</summary>
    public static Stream Seekable(FileStream file, PeekStream content)
    {
        if (file.CanSeek) return file;
        using (file)
        {
            var memory = new MemoryStream();
            content.CopyTo(memory);
            return memory;
        }
    }

    private static (string Reason, string Cure) Explain(string path, Exception e) => e switch
    {
        FileNotFoundException when new FileInfo(path).LinkTarget is { } target => ($"it is a link to {target}, which does not exist", "Mend the link, or check the path"),
        FileNotFoundException => ("it does not exist", "Check the path"),
        DirectoryNotFoundException => ("its folder does not exist", "Check the path"),
        PathTooLongException => ("its name is too long", "Check the path"),
        UnauthorizedAccessException => ("this user may not read it", "Get the right to read it, or run as a user who has it"),

        // The message repeats the path.
        _ => (e.Message.Replace($" : '{Path.GetFullPath(path)}'", "", StringComparison.Ordinal), OtherFile),
    };
}
