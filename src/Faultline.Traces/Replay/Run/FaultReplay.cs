using Faultline.Areas;
using Faultline.Sync;

namespace Faultline.Traces.Replay;

/// <summary>Touches what a recorded fault touched, and compares what was there and how it ended.</summary>
internal static class FaultReplay
{
    // What lies below cannot be mapped: such a fault was a signal, whether or not the recording shows signals.
    private const ulong NullPages = 64 << 10;

    public static void Touch(ReplayRun run, Worker worker, MemoryAccessor accessor, in TraceEvent e)
    {
        FaultData fault = e.Fault;
        AccessKind access = PlanBuilder.AccessOf(fault);
        if (access != AccessKind.Write) WarmFiles.Around(accessor.Space, fault.Address);
        EntryState state = accessor.Inspect(fault.Address, access);
        int race = run.Plan.Operations.RaceOf(e.Index);
        if (race != 0) state = run.Races.First(race, state);

        long before = Clock.Timestamp;
        FaultSignal signal = Touch(accessor, fault.Address, access);
        worker.Latency.Add(Clock.Nanoseconds(before, Clock.Timestamp));
        if (signal == FaultSignal.OutOfMemory) throw run.Exhausted();
        Compare(run, worker.Tally, accessor.Space, e, state, signal);
    }

    private static FaultSignal Touch(MemoryAccessor accessor, ulong address, AccessKind access)
    {
        try
        {
            switch (access)
            {
                case AccessKind.Read:
                    accessor.Read<byte>(address);
                    break;
                case AccessKind.Write:
                    accessor.Write<byte>(address, 1);
                    break;
                default:
                    accessor.Fetch<byte>(address);
                    break;
            }

            return FaultSignal.None;
        }
        catch (MemoryFaultException e)
        {
            return e.Signal;
        }
    }

    private static void Compare(
        ReplayRun run, Tally tally, AddressSpace space, in TraceEvent e, EntryState state, FaultSignal signal)
    {
        FaultData fault = e.Fault;
        VmArea? area = space.Areas.Find(fault.Address);
        AgreementKind kind = area is { IsAnonymous: false } ? AgreementKind.FileFaults : AgreementKind.AnonymousFaults;
        if (run.Plan.Operations.IsRepeated(e.Index)) tally.CountRepeat(kind);
        else if (run.Plan.Operations.RaceOf(e.Index) != 0) tally.CountRace(kind);

        EntryState recorded = fault.IsProtection ? EntryState.Forbidden : EntryState.Absent;
        bool signalled = run.Plan.Survey.SignalAfter(e.Index) != 0;
        string? difference = Difference(recorded, state, signal, signalled, fault.Address);
        if (difference is null)
        {
            tally.Agree(kind);
            return;
        }

        tally.Disagree(kind, difference, e, () => (
            $"{FaultClass.Describe(fault.Code)} at 0x{fault.Address:x}{(signalled ? ", then a signal" : "")}",
            $"{Text(state)}, {(signal == FaultSignal.None ? "resolved" : $"signal {signal}")}{(area is null ? "" : $", in {area}")}"));
    }

    // The recorded side's words, see FaultClass.
    private static string Text(EntryState state) => state switch
    {
        EntryState.Absent => "absent",
        EntryState.Forbidden => "present without the right",
        _ => "present with the right",
    };

    private static string? Difference(EntryState recorded, EntryState state, FaultSignal signal, bool signalled, ulong address)
    {
        // Where the rights forbid the access, Linux delivered the signal that this engine delivers.
        if (signal != FaultSignal.None && !(signalled || signal == FaultSignal.NotPermitted || address < NullPages)) return DisagreementNames.UnexpectedSignal;
        if (signal == FaultSignal.None && signalled) return DisagreementNames.MissingSignal;
        if (recorded == state) return null;
        return state switch
        {
            EntryState.Allowed => DisagreementNames.AllowedHere,
            EntryState.Absent => DisagreementNames.AbsentHere,
            _ => DisagreementNames.ForbiddenHere,
        };
    }
}
