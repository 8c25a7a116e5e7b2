using System.Text;
using Faultline.Differential.Programs;

namespace Faultline.Differential.Host;

/// <summary>The host's side: a process with nothing mapped but <see cref="HostProgram"/>, of which each program of calls gets a fork.</summary>
internal sealed class HostMachine : IMachine, IDisposable
{
    // Of a process: the last page below 2^47 is never mapped.
    private const ulong UserEnd = 0x7fff_ffff_f000;
    private const int DisableHugePages = 41;
    private const int Anonymous = 0x20;
    private const ulong KeepSize = 1, PunchHole = 2;
    private const ulong WriteOnly = 1;

    // Where a window's programs do nothing.
    private const ulong NoTop = 0x7000_0000_0000, NoHeap = 0x2000_0000_0000;
    private const uint CapabilityVersion = 0x2008_0522;

    // Behind the header, in the buffer.
    private const ulong CapabilitySets = 64;

    // Of which each program gets a fork; or itself the one process, if it is the one that runs the tests.
    private readonly HostProcess _template;
    private readonly bool _isWindow;
    private readonly List<HostProcess> _processes = [];
    private readonly byte[] _page = new byte[Layout.PageSize];
    private byte[] _areas = new byte[1 << 16];

    // Descriptors by TestFile; those of the program that runs.
    private readonly ulong[] _files = [ulong.MaxValue, 0, 0, 0];
    private ulong _growingLength;

    private HostMachine(OwnProcess process)
    {
        (_template, _isWindow) = (process, true);
        Layout = new Layout(NoTop, NoHeap);
        HasZeroPage = process.FindsZeroPage(Layout.Window);
    }

    private HostMachine(TracedProcess template)
    {
        _template = template;

        // Huge pages would make pages resident that nobody touched: documented as a difference.
        template.MustCall(SystemCalls.ProcessControl, DisableHugePages, 1);

        // A forked process that has ended is gone at once: SIGCHLD is ignored (struct sigaction: handler, flags, restorer, mask).
        byte ignore = 1;
        if (template.Store(HostProgram.Data, ignore) != FaultSignal.None) throw new HostException("The traced process cannot write to its data.");
        template.MustCall(SystemCalls.SignalAction, Native.ChildEnded, HostProgram.Data, 0, sizeof(ulong));

        template.MustCall(SystemCalls.Unmap, 0, HostProgram.Data);
        template.MustCall(SystemCalls.Unmap, HostProgram.End, UserEnd - HostProgram.End);
        ulong heap = template.MustCall(SystemCalls.Brk, 0);
        ulong highest = template.MustCall(SystemCalls.Map, 0, Layout.PageSize, 0, (ulong)(MapFlags.Private | MapFlags.Anonymous));
        template.MustCall(SystemCalls.Unmap, highest, Layout.PageSize);
        Layout = new Layout(highest + Layout.PageSize, heap);
        HasZeroPage = template.FindsZeroPage(Layout.Window);
    }

    public Layout Layout { get; }

    /// <summary>False on a kernel that gives a read of fresh memory a page of its own.</summary>
    public bool HasZeroPage { get; }

    /// <summary>The process that runs the tests, for programs that <see cref="WindowRules"/> admits.</summary>
    /// <exception cref="HostException">There is no room.</exception>
    public static HostMachine StartInWindow() => new(OwnProcess.Start());

    /// <exception cref="HostException">The host does not allow it.</exception>
    public static HostMachine Start()
    {
        TracedProcess template = TracedProcess.Start();
        try
        {
            return new HostMachine(template);
        }
        catch
        {
            template.Dispose();
            throw;
        }
    }

    /// <summary>One process, without areas, for the next program.</summary>
    public void Begin(bool isPrivileged = true)
    {
        End();
        HostProcess first = _isWindow ? _template : _template.Fork();
        if (_isWindow) first.MustCall(SystemCalls.Unmap, WindowRules.Start, WindowRules.Size);
        _processes.Add(first);
        _growingLength = 0;
        first.Write(first.Buffer, "faultline\0"u8);
        _files[(int)TestFile.Growing] = first.MustCall(SystemCalls.MemoryFile, first.Buffer);
        ulong whole = first.MustCall(SystemCalls.MemoryFile, first.Buffer);
        first.MustCall(SystemCalls.Truncate, whole, TestFiles.FixedLength);
        first.Write(first.Buffer, Encoding.ASCII.GetBytes($"/proc/self/fd/{whole}\0"));
        _files[(int)TestFile.ReadOnly] = first.MustCall(SystemCalls.Open, first.Buffer);
        _files[(int)TestFile.WriteOnly] = first.MustCall(SystemCalls.Open, first.Buffer, WriteOnly);
        first.MustCall(SystemCalls.Close, whole);
        if (isPrivileged) return;

        // capset: a header (version 3, this process), then three sets of 64 bits, all empty.
        byte[] capabilities = new byte[CapabilitySets + (3 * sizeof(ulong))];
        BitConverter.TryWriteBytes(capabilities, CapabilityVersion);
        first.Write(first.Buffer, capabilities);
        first.MustCall(SystemCalls.SetCapabilities, first.Buffer, first.Buffer + CapabilitySets);
    }

    public void End()
    {
        foreach (HostProcess process in _processes)
        {
            if (!_isWindow) process.Dispose();
            else foreach (ulong file in _files.Skip(1)) process.Call(SystemCalls.Close, file);
        }

        _processes.Clear();
    }

    public string Do(int process, Step step)
    {
        HostProcess host = _processes[process];
        ulong at = Layout.Address(step.At), length = step.Length.Bytes, bits = (ulong)step.Bits;
        switch (step.Call)
        {
            case Call.Map:
                int flags = step.File == TestFile.None ? step.Flags | Anonymous : step.Flags;
                return Result(host.Call(SystemCalls.Map, at, length, bits, (ulong)flags, _files[(int)step.File], step.Offset.Bytes));
            case Call.Unmap: return Result(host.Call(SystemCalls.Unmap, at, length));
            case Call.Protect: return Result(host.Call(SystemCalls.Protect, at, length, bits));
            case Call.Remap: return Result(host.Call(SystemCalls.Remap, at, length, step.NewLength.Bytes, (ulong)step.Flags, Layout.Address(step.To)));
            case Call.Advise: return Result(host.Call(SystemCalls.Advise, at, length, bits));
            case Call.Lock: return Result(host.Call(SystemCalls.Lock2, at, length, bits));
            case Call.Unlock: return Result(host.Call(SystemCalls.Unlock, at, length));
            case Call.LockAll: return Result(host.Call(SystemCalls.LockAll, bits));
            case Call.UnlockAll: return Result(host.Call(SystemCalls.UnlockAll));
            case Call.Limit:
                // The soft limit alone: a hard one could not be raised again.
                host.MustCall(SystemCalls.ResourceLimit, 0, bits, 0, host.Buffer);
                host.Write(host.Buffer, BitConverter.GetBytes(length));
                return Result(host.Call(SystemCalls.ResourceLimit, 0, bits, host.Buffer));
            case Call.Core: return Core(host, at, length);
            case Call.Sync: return Result(host.Call(SystemCalls.Sync, at, length, (ulong)step.Flags));
            case Call.Truncate: return Truncate(host, step.File, length);
            case Call.FileRead: return ReadFile(host, step);
            case Call.FileWrite: return WriteFile(host, step);
            case Call.Brk: return Result(host.Call(SystemCalls.Brk, at));
            case Call.Read: return StateText.Signal(host.Load(at, out byte value), value);
            case Call.Write: return StateText.Signal(host.Store(at, (byte)step.Bits), 0);
            case Call.Execute: return StateText.Fetch(host.Fetch(at));
            case Call.Fill:
                for (ulong page = 0; page < step.Length.Pages; page++)
                    host.MustCall(SystemCalls.Map, at + (page * Layout.PageSize), Layout.PageSize, page & 1, (ulong)(MapFlags.Private | MapFlags.Fixed) | Anonymous, ulong.MaxValue);
                return "ok";
            case Call.Fork:
                _processes.Add(host.Fork());
                return "ok";
            default:
                host.Dispose();
                _processes.RemoveAt(process);
                return "ok";
        }
    }

    public void Describe(int process, StringBuilder text)
    {
        HostProcess host = _processes[process];
        foreach (HostArea area in HostArea.Parse(Smaps(process)))
        {
            if (_isWindow ? area.Start - WindowRules.Start >= WindowRules.Size : area.Start is HostProgram.Data or HostProgram.Text || area.Start >= UserEnd) continue;
            StateText.AppendArea(text, Layout, area.Start, area.End, area.Rights, area.Offset, area.Name, area.Flags);
            AppendPages(text, host, area);
            if (area.HasFile) AppendCached(text, host, area);
            text.Append('\n');
        }
    }

    /// <summary>The text of <c>/proc/PID/smaps</c>.</summary>
    public string Smaps(int process)
    {
        int length = _processes[process].ReadAreas(ref _areas, _isWindow ? WindowRules.Start + WindowRules.Size : ulong.MaxValue);
        return Encoding.ASCII.GetString(_areas, 0, length);
    }

    /// <summary>The areas of a process but <see cref="HostProgram"/>'s, as the heads of lines of <c>/proc/PID/maps</c>; not the kernel's page above all.</summary>
    public IEnumerable<string> Areas(int process) =>
        File.ReadLines($"/proc/{_processes[process].Id}/maps").Skip(HostProgram.Areas).Where(line => !line.Contains("[vsyscall]", StringComparison.Ordinal))
            .Select(line => string.Join(' ', line.Split(' ')[..2]));

    public void Dispose()
    {
        End();
        _template.Dispose();
    }

    private void AppendPages(StringBuilder text, HostProcess host, HostArea area)
    {
        Span<ulong> buffer = stackalloc ulong[StateText.LongestRun];
        foreach ((ulong start, int pages) in StateText.Runs(area.Start, area.End))
        {
            Span<ulong> entries = buffer[..pages];
            host.ReadPageMap(start, entries);
            for (int i = 0; i < pages; i++)
            {
                ulong page = start + ((ulong)i * Layout.PageSize);
                if (!HostProcess.IsPresent(entries[i])) continue;
                if (!host.TryRead(page, _page)) throw new HostException($"No byte of {page:x} could be read.");
                StateText.AppendPage(text, Layout, page, _page);
            }
        }
    }

    /// <summary>What the file has in memory, mapped or not.</summary>
    private static void AppendCached(StringBuilder text, HostProcess host, HostArea area)
    {
        Span<byte> buffer = stackalloc byte[StateText.LongestRun];
        foreach ((ulong start, int pages) in StateText.Runs(area.Start, area.End))
        {
            Span<byte> answers = buffer[..pages];
            host.MustCall(SystemCalls.MinCore, start, (ulong)pages * Layout.PageSize, host.Buffer);
            if (!host.TryRead(host.Buffer, answers)) throw new HostException("No data could be read.");
            StateText.AppendCached(text, answers);
        }
    }

    private string Core(HostProcess host, ulong at, ulong length)
    {
        Span<byte> residency = stackalloc byte[StateText.CorePages];
        long result = host.Call(SystemCalls.MinCore, at, length, host.Buffer);
        if (result != 0) return Result(result);
        residency = residency[..(int)Math.Min((length + Layout.PageSize - 1) / Layout.PageSize, StateText.CorePages)];
        return host.TryRead(host.Buffer, residency) ? StateText.Residency(residency) : throw new HostException("No data could be read.");
    }

    private string Truncate(HostProcess host, TestFile file, ulong length)
    {
        if (file == TestFile.Growing) ClearBehindEnd(host, length);
        long result = host.Call(SystemCalls.Truncate, _files[(int)file], length);
        if (result == 0) _growingLength = length;
        return Result(result);
    }

    private string WriteFile(HostProcess host, Step step)
    {
        ulong end = step.Offset.Bytes + 1;
        if (step.File == TestFile.Growing) ClearBehindEnd(host, end);
        host.Write(host.Buffer, [(byte)step.Bits]);
        long result = host.Call(SystemCalls.WriteAt, _files[(int)step.File], host.Buffer, 1, step.Offset.Bytes);
        if (result < 0) return Result(result);
        _growingLength = Math.Max(_growingLength, end);
        return Result(0);
    }

    /// <summary>
    /// What mappings wrote behind the end within its page becomes part of a longer file on the tmpfs of Linux 6.18, and zero on file systems of disks, and here.
    /// So it is made zero before the file grows.
    /// </summary>
    private void ClearBehindEnd(HostProcess host, ulong length)
    {
        ulong rest = (0 - _growingLength) % Layout.PageSize;
        if (length > _growingLength && rest != 0)
            host.MustCall(SystemCalls.Allocate, _files[(int)TestFile.Growing], KeepSize | PunchHole, _growingLength, rest);
    }

    private string ReadFile(HostProcess host, Step step)
    {
        Span<byte> value = stackalloc byte[1];
        long result = host.Call(SystemCalls.ReadAt, _files[(int)step.File], host.Buffer, 1, step.Offset.Bytes);
        if (result <= 0) return Result(result);
        return host.TryRead(host.Buffer, value) ? StateText.Signal(FaultSignal.None, value[0]) : throw new HostException("No data could be read.");
    }

    private string Result(long result) =>
        HostProcess.IsError(result) ? StateText.Result(Layout, (Errno)(-result), 0) : StateText.Result(Layout, Errno.None, (ulong)result);
}
