using Faultline.Files;
using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Traces.Replay;

/// <summary>
/// The files of a replay, one for each that the recording names, shared by all processes. Their contents are those of the host's file of that name, or generated; they
/// have no end.
/// </summary>
internal sealed class FileTable(PhysicalMemory memory) : IDisposable
{
    private readonly record struct Key(uint Major, uint Minor, ulong Inode, ulong Generation, string Special);

    // Guarded by _gate.
    private readonly Dictionary<Key, VmFile> _files = [];
    private SpinGate _gate;

    /// <summary>The file of a mapping line.</summary>
    public VmFile Of(in MappingData line, string path) => line.IsFile
        ? Get(new Key(line.DeviceMajor, line.DeviceMinor, line.Inode, line.Generation, ""), path)
        : Special(path);

    /// <summary>What the kernel maps without a file (vdso, vvar), or a descriptor that no mapping line names: one object for each name.</summary>
    public VmFile Special(string name) => Get(new Key(0, 0, 0, 0, name), name);

    public void Dispose()
    {
        foreach (VmFile file in _files.Values) file.Dispose();
    }

    private VmFile Get(Key key, string path)
    {
        _gate.Enter();
        try
        {
            if (!_files.TryGetValue(key, out VmFile? file)) _files.Add(key, file = New(path, new FileIdentity(key.Major, key.Minor, key.Inode)));
            return file;
        }
        finally
        {
            _gate.Exit();
        }
    }

    private VmFile New(string path, FileIdentity identity) =>
        (identity == default ? null : ContentsFile.TryOpen(memory, path, identity)) as VmFile ?? new GeneratedFile(memory, path, identity);
}
