using System.Runtime.CompilerServices;

namespace Faultline.Traces.Format;

/// <summary>The layout of every event kind, once, for both directions.</summary>
internal sealed class EventCodec<TColumns>(TColumns columns) where TColumns : class, IColumns
{
    private const int CallNumbers = byte.MaxValue + 1;

    private struct ThreadState
    {
        public int Block;
        public ulong Address;
        public ulong Instruction;
    }

    // Predictions start from 0 in each block, so that a block's columns mean the same whatever stood before it.
    private readonly CallArguments[] _arguments = new CallArguments[CallNumbers];
    private readonly ulong[] _results = new ulong[CallNumbers];
    private ThreadState[] _threads = new ThreadState[16];
    private int _block;
    private ulong _time;
    private ulong _start;

    /// <summary>Forgets all predictions.</summary>
    public void BeginBlock()
    {
        Array.Clear(_arguments);
        Array.Clear(_results);
        _block++;
        _time = _start = 0;
    }

    /// <summary>Moves one event; <see cref="TraceEvent.Index"/> must be set, <see cref="TraceEvent.Space"/> is not moved.</summary>
    public void Transfer(ref TraceEvent e)
    {
        var kind = (ulong)e.Kind;
        columns.Unsigned(Column.Kind, ref kind);
        e.Kind = (EventKind)kind;

        var time = (ulong)e.Time;
        var elapsed = time - _time;
        columns.Unsigned(Column.Time, ref elapsed);
        _time += elapsed;
        e.Time = (long)_time;
        if (e.Time < 0 || elapsed > long.MaxValue) throw columns.Invalid("a time beyond the clock");

        ref var thread = ref Thread(columns.Thread(ref e.ProcessId, ref e.ThreadId));
        Small(Column.Cpu, ref e.Cpu);
        switch (e.Kind)
        {
            case EventKind.Call: Transfer(ref e.Call, e.Time); break;
            case EventKind.Fault: Transfer(ref e.Fault, ref thread); break;
            case EventKind.Mapping: Transfer(ref e.Mapping, e.Index); break;
            case EventKind.Exec: Transfer(ref e.Exec); break;
            case EventKind.Fork: Transfer(ref e.Fork); break;
            case EventKind.Exit: Transfer(ref e.Exit); break;
            case EventKind.Signal: Transfer(ref e.Signal); break;
            case EventKind.Lost: Transfer(ref e.Lost); break;
            case EventKind.Name: columns.String(ref e.Name.Name); break;
            default: throw columns.Invalid($"an event of unknown kind {kind}");
        }
    }

    private ref ThreadState Thread(int place)
    {
        if (place >= _threads.Length) Array.Resize(ref _threads, Math.Max(place + 1, 2 * _threads.Length));
        ref var state = ref _threads[place];
        if (state.Block != _block) state = new ThreadState { Block = _block };
        return ref state;
    }

    private void Transfer(ref CallData call, long enter)
    {
        var number = (ulong)call.Number;
        columns.Unsigned(Column.Call, ref number);
        if (number > byte.MaxValue || !SystemCalls.IsDefined((SystemCall)number)) throw columns.Invalid($"a call of unknown number {number}");
        call.Number = (SystemCall)number;

        var flags = (ulong)call.Flags;
        columns.Unsigned(Column.Call, ref flags);
        call.Flags = (CallFlags)flags;

        var duration = (ulong)(call.ExitTime - enter);
        columns.Unsigned(Column.Duration, ref duration);
        call.ExitTime = enter + (long)duration;
        if (call.ExitTime < enter) throw columns.Invalid("a call that ends before it begins");

        for (var i = 0; i < call.Number.ArgumentCount(); i++)
            columns.Delta(Column.Argument, ref call.Arguments[i], ref _arguments[(int)number][i]);

        var result = (ulong)call.Result;
        columns.Delta(Column.Result, ref result, ref _results[(int)number]);
        call.Result = (long)result;
    }

    private void Transfer(ref FaultData fault, ref ThreadState thread)
    {
        columns.Delta(Column.Address, ref fault.Address, ref thread.Address);
        columns.String(ref fault.Symbol);
        if (fault.Symbol < 0) columns.Delta(Column.Instruction, ref fault.Instruction, ref thread.Instruction);
        var code = (ulong)fault.Code;
        columns.Unsigned(Column.Code, ref code);
        fault.Code = (FaultCode)code;
    }

    private void Transfer(ref MappingData mapping, int index)
    {
        columns.Delta(Column.Start, ref mapping.Start, ref _start);
        columns.Unsigned(Column.Extent, ref mapping.Length);
        columns.Unsigned(Column.Extent, ref mapping.Offset);
        Small(Column.File, ref mapping.DeviceMajor);
        Small(Column.File, ref mapping.DeviceMinor);
        columns.Unsigned(Column.File, ref mapping.Inode);
        columns.Unsigned(Column.File, ref mapping.Generation);
        var rights = (ulong)mapping.Rights;
        columns.Unsigned(Column.File, ref rights);
        mapping.Rights = (MappingRights)rights;
        columns.String(ref mapping.Path);

        var back = mapping.Owner == MappingData.NoOwner ? 0UL : (ulong)(index - mapping.Owner);
        columns.Unsigned(Column.Owner, ref back);
        if (back > (ulong)index) throw columns.Invalid("a mapping line whose owner is not in the file");
        mapping.Owner = back == 0 ? MappingData.NoOwner : index - (int)back;
    }

    private void Transfer(ref ExecData exec)
    {
        columns.String(ref exec.Path);
        columns.String(ref exec.Name);
        Small(Column.Id, ref exec.OldThreadId);
    }

    private void Transfer(ref ForkData fork)
    {
        Small(Column.Id, ref fork.ChildProcessId);
        Small(Column.Id, ref fork.ChildThreadId);
        var flags = (ulong)fork.Flags;
        columns.Unsigned(Column.Rest, ref flags);
        fork.Flags = (CloneFlags)flags;
    }

    private void Transfer(ref ExitData exit)
    {
        var dead = exit.GroupDead ? 1UL : 0UL;
        columns.Unsigned(Column.Rest, ref dead);
        exit.GroupDead = dead != 0;
    }

    private void Transfer(ref SignalData signal)
    {
        Small(Column.Rest, ref signal.Number);
        Small(Column.Rest, ref signal.Code);
    }

    private void Transfer(ref LostData lost)
    {
        var count = (ulong)lost.Count;
        columns.Unsigned(Column.Rest, ref count);
        lost.Count = (long)count;
    }

    // A 32-bit field, negative ones included (si_code is negative for signals that processes send).
    private void Small<T>(Column column, ref T value) where T : unmanaged
    {
        var wide = (ulong)Unsafe.BitCast<T, uint>(value);
        columns.Unsigned(column, ref wide);
        if (wide > uint.MaxValue) throw columns.Invalid("a number too large for its field");
        value = Unsafe.BitCast<uint, T>((uint)wide);
    }
}
