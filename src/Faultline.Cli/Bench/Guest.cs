using Faultline.Physical;

namespace Faultline.Cli.Bench;

/// <summary>An address space of one design with one accessor: what a variant of the engine works on.</summary>
internal sealed class Guest : IDisposable
{
    /// <summary>Over memory that may be shared with the guests of other variants, so that all meet the same frames.</summary>
    public Guest(PhysicalMemory memory, FaultDesign design, bool shortCut = false)
        : this(memory, new AddressSpaceOptions { Design = design, SingleThreadShortcut = shortCut })
    {
    }

    /// <summary>The same, with all options.</summary>
    public Guest(PhysicalMemory memory, AddressSpaceOptions options)
    {
        Space = new AddressSpace(memory, options);
        Accessor = Space.CreateAccessor();
    }

    public AddressSpace Space { get; }

    /// <summary>The measuring thread's.</summary>
    public MemoryAccessor Accessor { get; }

    /// <summary>Memory for <paramref name="bytes"/> in use at a time, already faulted in by the host.</summary>
    public static PhysicalMemory Memory(long bytes)
    {
        // Page tables and the frames that wait in magazines come on top.
        long reserve = (bytes / 64) + (16 << 20);
        return new PhysicalMemory(new PhysicalMemoryOptions { CapacityInFrames = (bytes + reserve) / Page.Size, Prefault = true });
    }

    /// <summary>Maps private anonymous memory.</summary>
    public ulong Map(int length) => Space.Map(0, (ulong)length, Protection.ReadWrite, MapFlags.Private);

    /// <summary>Maps memory and faults all of it in, in address order.</summary>
    public ulong MapTouched(int length)
    {
        ulong start = Map(length);
        for (ulong offset = 0; offset < (ulong)length; offset += Page.Size) Accessor.Write(start + offset, offset);
        return start;
    }

    public void Unmap(ulong start, int length) => Space.Unmap(start, (ulong)length);

    /// <inheritdoc/>
    public void Dispose()
    {
        Accessor.Dispose();
        Space.Dispose();
    }
}
