using Faultline.Files;
using Faultline.Physical;

namespace Faultline.Tests.Stress;

/// <summary>
/// One thread's part of the stress: a region of a space, children by fork, a file in memory and one of the host, all of which nobody else changes, so that
/// it knows what must be there. Everything below, from tables to frames, it shares with the others.
/// </summary>
internal sealed class ModelOwner : IDisposable
{
    public const int Pages = 40;

    private const int MostProcesses = 4;
    private const ulong Half = Page.Size / 2;

    private readonly List<ModelProcess> _processes = [];
    private readonly ModelFile[] _files;
    private readonly string _hostPath = Path.GetTempFileName();
    private readonly Random _random;
    private ulong _number;

    public ModelOwner(PhysicalMemory memory, AddressSpace space, int firstPage, Random random)
    {
        _random = random;
        _number = (ulong)firstPage << 40;
        var stored = HostFile.Open(memory, _hostPath, access: FileAccess.ReadWrite);
        stored.SetLength(ModelFile.MaxPages * Page.Size);
        _files =
        [
            new ModelFile(new MemoryFile(memory, length: ModelFile.MaxPages * Page.Size), ModelFile.MaxPages),
            new ModelFile(stored, ModelFile.MaxPages, _hostPath),
        ];
        _processes.Add(new ModelProcess(space, firstPage, new ModelPage[Pages], random, isChild: false));
    }

    public void Step()
    {
        ModelProcess process = _processes[_random.Next(_processes.Count)];
        int from = _random.Next(Pages), count = 1 + _random.Next(Math.Min(8, Pages - from));
        switch (_random.Next(42))
        {
            case 0 or 1:
                process.Map(from, count, AnyProtection(), _random.Next(4) == 0 ? MapFlags.Shared : MapFlags.Private | AnyPopulate());
                break;
            case 2 or 3:
                MapFile(process, from, count);
                break;
            case 4:
                process.Unmap(from, count);
                break;
            case 5 or 6:
                process.Protect(from, count, AnyProtection());
                break;
            case 7 or 8 or 9:
                process.Remap(from, count, _random.Next(Pages));
                break;
            case 10 or 11:
                ChangeFile(_files[_random.Next(_files.Length)]);
                break;
            case 12:
                ForkOrExit(process);
                break;
            case 13 or 19 or 20:
                Advise(process, from, count);
                break;
            case 14:
                process.Lock(from, count);
                break;
            case 15:
                process.Unlock(from, count);
                break;
            case 16:
                process.Migrate(from, count);
                break;
            case 17:
                process.Sync(from, count);
                break;
            case 18:
                process.CheckAll();
                break;
            default:
                process.Access(from, _random.Next(ModelFile.Words), ++_number);
                break;
        }
    }

    private void MapFile(ModelProcess process, int from, int count)
    {
        ModelFile file = _files[_random.Next(_files.Length)];
        int index = _random.Next(ModelFile.MaxPages);

        // What lies beyond the end cannot be faulted in, and how far that goes until it stops is not modelled.
        MapFlags populate = index + count <= file.Pages ? AnyPopulate() : 0;
        process.MapFile(from, count, AnyProtection(), (_random.Next(2) == 0 ? MapFlags.Shared : MapFlags.Private) | populate, file, index);
    }

    private void ChangeFile(ModelFile file)
    {
        switch (_random.Next(6))
        {
            case 0:
                file.SetLength((ulong)_random.Next((2 * ModelFile.MaxPages) + 1) * Half);
                foreach (ModelProcess process in _processes) process.OnCut(file);
                break;
            case 1:
                file.SetLength(ModelFile.MaxPages * Page.Size);
                break;
            case 2 when file.File is MemoryFile:
                file.PunchHole((ulong)_random.Next(2 * ModelFile.MaxPages) * Half, (ulong)_random.Next(6) * Half);
                break;
            case 3:
                file.Write(_random.Next(ModelFile.MaxPages), _random.Next(ModelFile.Words), ++_number);
                break;
            case 4 when file.IsOnHost:
                file.File!.Flush();
                file.CheckOnHost();
                break;
            default:
                file.CheckByReading();
                break;
        }
    }

    private void Advise(ModelProcess process, int from, int count)
    {
        switch (_random.Next(6))
        {
            case 4 or 5:
                process.PageOut(from, count);
                break;
            case 0:
                process.Free(from, count);
                break;
            case 1:
                process.Remove(from, count);
                break;
            case 2:
                process.PopulateRead(from, count);
                break;
            default:
                process.DontNeed(from, count);
                break;
        }
    }

    private void ForkOrExit(ModelProcess process)
    {
        if (_processes.Count < MostProcesses && _random.Next(2) == 0)
        {
            _processes.Add(process.Fork());
        }
        else if (process.IsChild)
        {
            process.CheckAll();
            _processes.Remove(process);
            process.Dispose();
        }
    }

    private Protection AnyProtection() => _random.Next(5) switch
    {
        0 => Protection.Read,
        1 => Protection.None,
        _ => Protection.ReadWrite,
    };

    private MapFlags AnyPopulate() => _random.Next(4) == 0 ? MapFlags.Populate : 0;

    /// <summary>Everything once more, at rest; then the files are let go by all but the areas that map them.</summary>
    public void CheckAndLetGo()
    {
        foreach (ModelProcess process in _processes) process.CheckAll();
        foreach (ModelProcess process in _processes) process.Dispose();
        foreach (ModelFile file in _files)
        {
            file.CheckByReading();
            file.File!.Dispose();
        }
    }

    /// <summary>The spaces have gone: nobody holds a file, and what was written is on the host.</summary>
    public void CheckReleased()
    {
        foreach (ModelFile file in _files)
        {
            Assert.True(file.File!.IsReleased, $"{file.File} is still held.");
            if (file.IsOnHost) file.CheckOnHost();
        }
    }

    public void Dispose() => File.Delete(_hostPath);
}
