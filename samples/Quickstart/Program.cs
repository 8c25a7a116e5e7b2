using Faultline;
using Faultline.Physical;

using var memory = new PhysicalMemory(new PhysicalMemoryOptions { CapacityInFrames = 1024 });
using var parent = new AddressSpace(memory);
using MemoryAccessor cpu = parent.CreateAccessor();

ulong page = parent.Map(0, 1 << 20, Protection.ReadWrite, MapFlags.Private | MapFlags.Anonymous);
cpu.Write(page, 42);                                  // the first touch faults a frame in

using AddressSpace child = parent.Fork();             // shares the frame, copy-on-write
using MemoryAccessor childCpu = child.CreateAccessor();
childCpu.Write(page, 7);

parent.Protect(page, 4096, Protection.Read);
try
{
    cpu.Write(page, 0);
}
catch (MemoryFaultException fault)
{
    Console.WriteLine($"parent {cpu.Read<int>(page)}, child {childCpu.Read<int>(page)}, write: {fault.Signal}");
}

Console.Write(parent.Maps());
Console.WriteLine($"{memory.CapacityInFrames - memory.FreeFrames} frames in use, " +
    $"{parent.FaultStatistics.SpeculativeShare:P0} of the faults took no lock");
