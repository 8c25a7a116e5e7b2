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

    private readonly HostProcess _template;
    private readonly List<HostProcess> _processes = [];
    private readonly byte[] _page = new byte[Layout.PageSize];
    private byte[] _areas = new byte[1 << 16];

    private HostMachine(HostProcess template)
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
    }

    public Layout Layout { get; }

    /// <exception cref="HostException">The host does not allow it.</exception>
    public static HostMachine Start()
    {
        HostProcess template = HostProcess.Start();
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
    public void Begin()
    {
        End();
        _processes.Add(_template.Fork());
    }

    public void End()
    {
        foreach (HostProcess process in _processes) process.Dispose();
        _processes.Clear();
    }

    public string Do(int process, Step step)
    {
        HostProcess host = _processes[process];
        ulong at = Layout.Address(step.At), length = step.Length.Bytes, bits = (ulong)step.Bits;
        switch (step.Call)
        {
            case Call.Map: return Result(host.Call(SystemCalls.Map, at, length, bits, (ulong)(step.Flags | Anonymous), ulong.MaxValue));
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
                host.MustCall(SystemCalls.ResourceLimit, 0, bits, 0, HostProgram.Data);
                host.Write(HostProgram.Data, BitConverter.GetBytes(length));
                return Result(host.Call(SystemCalls.ResourceLimit, 0, bits, HostProgram.Data));
            case Call.Core: return Core(host, at, length);
            case Call.Brk: return Result(host.Call(SystemCalls.Brk, at));
            case Call.Read: return StateText.Signal(host.Load(at, out byte value), value);
            case Call.Write: return StateText.Signal(host.Store(at, (byte)step.Bits), 0);
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
        int length = host.ReadAreas(ref _areas);
        foreach (HostArea area in HostArea.Parse(Encoding.ASCII.GetString(_areas, 0, length)))
        {
            if (area.Start is HostProgram.Data or HostProgram.Text || area.Start >= UserEnd) continue;
            StateText.AppendArea(text, Layout, area.Start, area.End, area.Rights, area.Offset, area.Name, area.Flags);
            AppendPages(text, host, area);
            text.Append('\n');
        }
    }

    public void Dispose()
    {
        End();
        _template.Dispose();
    }

    private void AppendPages(StringBuilder text, HostProcess host, HostArea area)
    {
        Span<bool> buffer = stackalloc bool[StateText.LongestRun];
        foreach ((ulong start, int pages) in StateText.Runs(area.Start, area.End))
        {
            Span<bool> resident = buffer[..pages];
            FindResident(host, area, start, resident);
            for (int i = 0; i < pages; i++)
            {
                ulong page = start + ((ulong)i * Layout.PageSize);
                if (!resident[i]) continue;
                if (!host.TryRead(page, _page)) throw new HostException($"No byte of {page:x} could be read.");
                StateText.AppendPage(text, Layout, page, _page);
            }
        }
    }

    private static void FindResident(HostProcess host, HostArea area, ulong start, Span<bool> resident)
    {
        if (area.IsShared)
        {
            // Fault-around maps what the object has nearby: whether it has the page tells more than the entry.
            Span<byte> answers = stackalloc byte[resident.Length];
            host.MustCall(SystemCalls.MinCore, start, (ulong)resident.Length * Layout.PageSize, HostProgram.Data);
            if (!host.TryRead(HostProgram.Data, answers)) throw new HostException("No data could be read.");
            for (int i = 0; i < resident.Length; i++) resident[i] = answers[i] != 0;
        }
        else
        {
            Span<ulong> entries = stackalloc ulong[resident.Length];
            host.ReadPageMap(start, entries);
            for (int i = 0; i < resident.Length; i++) resident[i] = HostProcess.IsPresent(entries[i]);
        }
    }

    private string Core(HostProcess host, ulong at, ulong length)
    {
        Span<byte> residency = stackalloc byte[StateText.CorePages];
        long result = host.Call(SystemCalls.MinCore, at, length, HostProgram.Data);
        if (result != 0) return Result(result);
        residency = residency[..(int)Math.Min((length + Layout.PageSize - 1) / Layout.PageSize, StateText.CorePages)];
        return host.TryRead(HostProgram.Data, residency) ? StateText.Residency(residency) : throw new HostException("No data could be read.");
    }

    private string Result(long result) =>
        HostProcess.IsError(result) ? StateText.Result(Layout, (Errno)(-result), 0) : StateText.Result(Layout, Errno.None, (ulong)result);
}
