namespace Faultline.Traces;

/// <summary>Writes a file that appears whole under its name, or not at all.</summary>
internal static class AtomicFile
{
    /// <summary>Lets <paramref name="write"/> fill a temporary file in the same folder, and renames it when that succeeded.</summary>
    public static T Write<T>(string path, Func<Stream, T> write)
    {
        var full = Target(path);
        if (Directory.Exists(full)) throw new OutputException($"cannot write {path}: it is a folder");
        var folder = Path.GetDirectoryName(full)!;
        if (!Directory.Exists(folder)) throw new OutputException($"cannot write {path}: its folder does not exist");

        // The same folder, because a rename is atomic only within one file system.
        var temporary = Path.Combine(folder, $".{Path.GetFileName(full)}.{Environment.ProcessId}.tmp");
        using var stream = Create(path, temporary);
        try
        {
            var result = write(stream);
            stream.Flush(flushToDisk: true);
            File.Move(temporary, full, overwrite: true);
            return result;
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException and not (FileNotFoundException or DirectoryNotFoundException or EndOfStreamException))
        {
            File.Delete(temporary);
            throw Failed(path, temporary, e);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    // A link stays one, and what it names gets the new content.
    private static string Target(string path)
    {
        if (path.Length == 0) throw new OutputException("the name of the output is empty");
        var full = Path.GetFullPath(path);

        // The rename would put a file in the place of /dev/null.
        if (Path.GetDirectoryName(full) == "/dev" || full.StartsWith("/proc/", StringComparison.Ordinal))
            throw new OutputException($"cannot write {path}: it is a device, and the file must appear whole under its name");
        try
        {
            return new FileInfo(full).LinkTarget is null ? full : File.ResolveLinkTarget(full, returnFinalTarget: true)!.FullName;
        }
        catch (IOException e)
        {
            throw new OutputException($"cannot write {path}: {e.Message}", e);
        }
    }

    private static FileStream Create(string path, string temporary)
    {
        try
        {
            return new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new OutputException($"cannot write {path}: this user may not create files in its folder", e);
        }
        catch (IOException e)
        {
            throw Failed(path, temporary, e);
        }
    }

    // The message names the temporary file, which nobody asked for.
    private static OutputException Failed(string path, string temporary, Exception e) =>
        new($"cannot write {path}: {e.Message.Replace(temporary, path, StringComparison.Ordinal)}", e);
}

/// <summary>A file that cannot be created or written.</summary>
public sealed class OutputException : TraceException
{
    internal OutputException(string cause, Exception? inner = null)
        : base(cause, "Choose a folder that exists, that you may write to, and that has room", inner)
    {
    }
}
