using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Faultline.Differential.Host;

/// <summary>
/// A stopped process of the host, driven by ptrace: each call or access is one instruction of <see cref="HostProgram"/>, stepped through with registers of our
/// choice. All use must be on the thread that started it, which is the only one that Linux lets trace it.
/// </summary>
internal sealed unsafe class TracedProcess : HostProcess
{
    private readonly Registers _registers;
    private int _forked;

    private TracedProcess(int id, Registers registers)
        : base(id, HostProgram.Data) => _registers = registers;

    /// <summary>Starts the program and stops it.</summary>
    /// <exception cref="HostException">The host does not allow it.</exception>
    public static TracedProcess Start()
    {
        int id = Spawn();
        try
        {
            Require(Native.Ptrace(Native.PtraceSeize, id, 0, Native.TraceFork | Native.ExitKill), "ptrace(PTRACE_SEIZE)");
            Require(Native.Ptrace(Native.PtraceInterrupt, id, 0, 0), "ptrace(PTRACE_INTERRUPT)");
            WaitForStop(id);
            var process = new TracedProcess(id, ReadRegisters(id));
            process.TakeProtectionKeys();
            return process;
        }
        catch
        {
            End(id);
            throw;
        }
    }

    /// <inheritdoc/>
    public override long Call(int number, ulong a = 0, ulong b = 0, ulong c = 0, ulong d = 0, ulong e = 0, ulong f = 0)
    {
        Registers registers = _registers;
        registers.Rip = HostProgram.SystemCall;
        (registers.Rax, registers.Rdi, registers.Rsi, registers.Rdx, registers.R10, registers.R8, registers.R9) = ((ulong)number, a, b, c, d, e, f);
        FaultSignal signal = Execute(registers);
        return signal == FaultSignal.None ? (long)ReadRegisters(Id).Rax : throw new HostException($"System call {number} ended in {signal}.");
    }

    /// <inheritdoc/>
    public override FaultSignal Load(ulong address, out byte value)
    {
        FaultSignal signal = Execute(_registers with { Rip = HostProgram.Load, Rdi = address, Rax = 0 });
        value = signal == FaultSignal.None ? (byte)ReadRegisters(Id).Rax : (byte)0;
        return signal;
    }

    /// <inheritdoc/>
    public override FaultSignal Store(ulong address, byte value) => Execute(_registers with { Rip = HostProgram.Store, Rdi = address, Rsi = value });

    /// <inheritdoc/>
    /// <remarks>
    /// The process steps by a flag of its own: for PTRACE_SINGLESTEP the kernel reads the instruction first, whatever its page's rights, which makes the page resident
    /// (<c>arch/x86/kernel/step.c:is_setting_trap_flag()</c>).
    /// </remarks>
    public override FaultSignal Fetch(ulong address)
    {
        const ulong Operands = HostProgram.Data + (Layout.PageSize / 2);
        Registers registers = _registers;
        (registers.Rax, registers.Rbx, registers.Rcx, registers.Rdx, registers.Rsi, registers.Rdi) = (Operands, Operands, Operands, Operands, Operands, Operands);
        (registers.Rsp, registers.Rbp, registers.Rip) = (Operands, Operands, address);
        registers.Flags |= Native.TrapFlag;
        return Execute(registers, fetched: address);
    }

    /// <inheritdoc/>
    public override HostProcess Fork()
    {
        MustCall(SystemCalls.Fork);
        WaitForStop(_forked);
        return new TracedProcess(_forked, _registers);
    }

    protected override void End() => End(Id);

    /// <summary>Steps through one instruction.</summary>
    /// <param name="registers">Those that it begins with.</param>
    /// <param name="fetched">The instruction's address, if it may be any: only a signal about that address counts.</param>
    /// <returns>The signal that it raised, which the process does not get.</returns>
    private FaultSignal Execute(Registers registers, ulong? fetched = null)
    {
        registers.OrigRax = ulong.MaxValue; // no system call is to be restarted
        Require(Native.Ptrace(Native.PtraceSetRegisters, Id, 0, (nuint)(&registers)), "ptrace(PTRACE_SETREGS)");
        while (true)
        {
            Require(Native.Ptrace(fetched is null ? Native.PtraceSingleStep : Native.PtraceContinue, Id, 0, 0), "ptrace(PTRACE_SINGLESTEP or PTRACE_CONT)");
            int status = WaitForStop(Id);
            int signal = (status >> 8) & 0xff;
            switch (status >> 16)
            {
                case Native.EventFork:
                    ulong child;
                    Require(Native.Ptrace(Native.PtraceGetEventMessage, Id, 0, (nuint)(&child)), "ptrace(PTRACE_GETEVENTMSG)");
                    _forked = (int)child;
                    continue;
                case 0 when signal == Native.Trap:
                    return FaultSignal.None;
                case 0 when signal is Native.SegmentationFault or Native.BusError:
                    SignalInfo info;
                    Require(Native.Ptrace(Native.PtraceGetSignalInfo, Id, 0, (nuint)(&info)), "ptrace(PTRACE_GETSIGINFO)");
                    if (fetched is { } instruction && (info.Address != instruction || info.Code == Native.FromKernel)) return FaultSignal.None;
                    return signal == Native.BusError ? FaultSignal.BusError : (FaultSignal)((info.Code << 8) | signal);
                case 0 when fetched is not null && signal is Native.IllegalInstruction or Native.FloatingPoint:
                    return FaultSignal.None;
                case 0 when signal == Native.ChildEnded:
                    continue; // a forked process that we ended; nothing has been executed
                default:
                    throw new HostException($"The traced process stopped with status 0x{status:x}.");
            }
        }
    }

    private static int Spawn()
    {
        const int CloseOnExec = 1;
        int file = Native.MemoryFile("faultline", CloseOnExec);
        Require(file, "memfd_create");
        using var handle = new SafeFileHandle(file, ownsHandle: true);
        RandomAccess.Write(handle, HostProgram.Image(), 0);

        // Per thread, and inherited: where the kernel puts the process does not change from run to run.
        int before = Native.Personality(Native.NoRandomisation);
        byte* none = null;
        byte* name = stackalloc byte[1] { 0 };
        byte** arguments = stackalloc byte*[2];
        arguments[0] = name;
        arguments[1] = null;
        int error = Native.Spawn(out int id, $"/proc/self/fd/{file}", 0, 0, arguments, &none);
        _ = Native.Personality((ulong)before);
        return error == 0 ? id : throw new HostException($"posix_spawn failed: {(Errno)error}.");
    }

    private static void End(int id)
    {
        _ = Native.SendSignal(id, Native.Kill);

        // Stops that were on their way are reported first.
        while (Native.WaitFor(id, out int status, Native.WaitAll) == id && (status & 0xff) == 0x7f)
        {
        }
    }

    private static int WaitForStop(int id)
    {
        Require(Native.WaitFor(id, out int status, Native.WaitAll), "waitpid");
        return (status & 0xff) == 0x7f ? status : throw new HostException($"The traced process ended with status 0x{status:x}.");
    }

    private static Registers ReadRegisters(int id)
    {
        Registers registers;
        Require(Native.Ptrace(Native.PtraceGetRegisters, id, 0, (nuint)(&registers)), "ptrace(PTRACE_GETREGS)");
        return registers;
    }

    private static void Require(nint result, string call)
    {
        if (result == -1) throw new HostException($"{call} failed: {(Errno)Marshal.GetLastPInvokeError()}.");
    }
}
