using System.Runtime.InteropServices;

namespace Faultline.Differential.Host;

/// <summary>
/// The process that runs the tests, where it may trace no other: its calls change <see cref="WindowRules">a window</see> that nothing else uses. Accesses are made by the
/// kernel, through a pipe, so that a fault is an error and no signal: which one it would have been is not known.
/// </summary>
internal sealed unsafe class OwnProcess : HostProcess
{
    private const FaultSignal SomeSignal = FaultSignal.NotPermitted;

    private readonly int _readEnd, _writeEnd;
    private readonly IReadOnlyList<ulong> _keys;

    private OwnProcess(ulong buffer, int readEnd, int writeEnd)
        : base(Environment.ProcessId, buffer)
    {
        (_readEnd, _writeEnd) = (readEnd, writeEnd);
        _keys = TakeProtectionKeys();
    }

    /// <summary>Reserves the window, and a guard on both sides of it.</summary>
    /// <exception cref="HostException">Something lies there.</exception>
    public static OwnProcess Start()
    {
        const int NoReplace = 0x10_0000, Anonymous = 0x20, Shared = 1;
        (ulong start, ulong length) = (WindowRules.Start - WindowRules.GuardSize, WindowRules.Size + (2 * WindowRules.GuardSize));
        long reserved = MakeCall(SystemCalls.Map, start, length, 0, NoReplace | Anonymous | Shared, ulong.MaxValue, 0);
        if (reserved != (long)start) throw new HostException($"The window at {start:x} cannot be reserved in this process: {(Errno)(-reserved)}.");
        int* ends = stackalloc int[2];
        if (Native.Pipe(ends, 0) != 0) throw new HostException("There is no pipe.");
        return new OwnProcess((ulong)NativeMemory.AlignedAlloc((nuint)Layout.PageSize, (nuint)Layout.PageSize), ends[0], ends[1]);
    }

    /// <inheritdoc/>
    public override long Call(int number, ulong a = 0, ulong b = 0, ulong c = 0, ulong d = 0, ulong e = 0, ulong f = 0) => MakeCall(number, a, b, c, d, e, f);

    /// <inheritdoc/>
    public override FaultSignal Load(ulong address, out byte value)
    {
        value = 0;
        if (Call(SystemCalls.Write, (ulong)_writeEnd, address, 1) != 1) return SomeSignal;
        MustCall(SystemCalls.Read, (ulong)_readEnd, Buffer, 1);
        value = *(byte*)Buffer;
        return FaultSignal.None;
    }

    /// <inheritdoc/>
    public override FaultSignal Store(ulong address, byte value)
    {
        *(byte*)Buffer = value;
        MustCall(SystemCalls.Write, (ulong)_writeEnd, Buffer, 1);
        if (Call(SystemCalls.Read, (ulong)_readEnd, address, 1) == 1) return FaultSignal.None;

        // The byte is in the pipe still.
        MustCall(SystemCalls.Read, (ulong)_readEnd, Buffer, 1);
        return SomeSignal;
    }

    /// <inheritdoc/>
    public override FaultSignal Fetch(ulong address) => throw new NotSupportedException("The window's programs execute nothing.");

    /// <inheritdoc/>
    public override HostProcess Fork() => throw new NotSupportedException("The window's programs do not fork.");

    protected override void End()
    {
        foreach (ulong key in _keys) Call(SystemCalls.FreeKey, key);
        Call(SystemCalls.Unmap, WindowRules.Start - WindowRules.GuardSize, WindowRules.Size + (2 * WindowRules.GuardSize));
        Call(SystemCalls.Close, (ulong)_readEnd);
        Call(SystemCalls.Close, (ulong)_writeEnd);
        NativeMemory.AlignedFree((void*)Buffer);
    }

    private static long MakeCall(int number, ulong a, ulong b, ulong c, ulong d, ulong e, ulong f)
    {
        long result = Native.SystemCall(number, a, b, c, d, e, f);
        return result == -1 ? -Marshal.GetLastPInvokeError() : result;
    }
}
