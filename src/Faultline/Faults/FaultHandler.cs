using Faultline.Diagnostics;
using Faultline.Locking;
using Faultline.Paging;

namespace Faultline.Faults;

/// <summary>Serves faults: speculatively if the space's design allows it, else, or if that fails, under <c>mmap_lock</c>.</summary>
internal static class FaultHandler
{
    /// <summary>
    /// Resolves a fault of <paramref name="accessor"/>, which is inside the section in which <paramref name="walk"/> was made. On
    /// <see cref="FaultSignal.None"/> it is inside a section again, and the access may be retried; else outside.
    /// </summary>
    public static FaultSignal Handle(MemoryAccessor accessor, ulong address, AccessKind access, in PageWalk walk)
    {
        // Not by an initializer: that makes the context elsewhere, and copies it here.
        var fault = new FaultContext(accessor.Space, accessor, address, access);
        fault.Walk = walk;
        try
        {
            return Handle(ref fault);
        }
        catch
        {
            // A file threw what it should not: outside sections.
            fault.GiveBack();
            throw;
        }
    }

    private static FaultSignal Handle(ref FaultContext fault)
    {
        MemoryAccessor accessor = fault.Accessor!;
        bool resolved = accessor.Space.Options.Design switch
        {
            FaultDesign.AreaSequence => SpeculativeFault.TryResolve<AreaSequenceDesign>(ref fault),
            FaultDesign.SpaceSequence => SpeculativeFault.TryResolve<SpaceSequenceDesign>(ref fault),
            FaultDesign.AreaLock => SpeculativeFault.TryResolve<AreaLockDesign>(ref fault),
            _ => false,
        };
        if (resolved)
        {
            fault.Count(FaultEvent.Speculative);
            if (fault.HasLeftovers)
            {
                accessor.LeaveSection();
                fault.GiveBack();
                accessor.EnterSection();
            }

            return FaultSignal.None;
        }

        accessor.LeaveSection();
        FaultSignal signal = ClassicFault.Resolve(ref fault, LockUser.Fault, accessor.Space.FaultFlags);
        fault.Count(signal == FaultSignal.None ? FaultEvent.Classic : FaultEvent.Signal);
        fault.GiveBack();
        if (signal == FaultSignal.None) accessor.EnterSection();
        return signal;
    }

    /// <summary>
    /// Faults a page in on behalf of a call, as if <paramref name="access"/> had touched it (Linux <c>mm/gup.c:faultin_page()</c>). Takes
    /// <c>mmap_lock</c> itself.
    /// </summary>
    public static FaultSignal Populate(AddressSpace space, ulong address, AccessKind access) => Populate(space, address, access, space.FaultFlags, out _);

    /// <summary>As the other form, with other flags. <paramref name="isRetry"/>: the page is not there, since <see cref="FaultFlags.NoWait"/> forbids to wait for it.</summary>
    public static FaultSignal Populate(AddressSpace space, ulong address, AccessKind access, FaultFlags flags, out bool isRetry)
    {
        if (!flags.IsLegal()) throw new ArgumentException($"Flags of a fault do not go together: {flags}.", nameof(flags));
        var fault = new FaultContext(space, accessor: null, address, access);
        try
        {
            return ClassicFault.Resolve(ref fault, LockUser.Populate, flags, out isRetry);
        }
        finally
        {
            fault.GiveBack();
        }
    }
}
