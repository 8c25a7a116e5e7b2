using System.Buffers.Binary;
using Faultline.Paging;
using Faultline.Physical;

namespace Faultline.Tests.Paging;

/// <summary>
/// What an x86-64 processor finds with CR3 at a root table and the arena as its physical memory: written from the processor's manual (volume 3, 4-level
/// paging), not from the engine's sources.
/// </summary>
internal static class HardwareWalker
{
    private const ulong Present = 1, Writable = 2, User = 4, LargePage = 1 << 7, NoExecute = 1UL << 63;

    // Bits 12 to 51; above the arena's size they must be 0 as well.
    private const ulong AddressMask = 0x000f_ffff_ffff_f000;

    // Bits 52 to 62 are ignored, but 59 to 62 may be protection keys: the engine leaves all of them 0.
    private const ulong MustBeZero = 0x7ff0_0000_0000_0000;

    /// <summary>What a walk came to.</summary>
    /// <param name="Entry">The lowest entry, or none if a table is missing.</param>
    /// <param name="IsPresent">All levels are present and allow user access.</param>
    /// <param name="Write">All levels allow writing.</param>
    /// <param name="Execute">No level forbids execution.</param>
    /// <param name="Physical">The physical address; valid if present.</param>
    internal readonly record struct Result(Pte Entry, bool IsPresent, bool Write, bool Execute, ulong Physical)
    {
        public bool Allows(AccessKind kind) => IsPresent && kind switch
        {
            AccessKind.Write => Write,
            AccessKind.Execute => Execute,
            _ => true,
        };
    }

    public static Result Walk(PhysicalMemory memory, uint root, ulong linear)
    {
        ulong table = (ulong)root << 12;
        bool user = true, write = true, execute = true;
        for (int shift = 39; ; shift -= 9)
        {
            int offset = (int)(linear >> shift & 0x1ff) * 8;
            ulong entry = BinaryPrimitives.ReadUInt64LittleEndian(memory.Contents((uint)(table >> 12))[offset..]);
            if ((entry & Present) == 0) return new Result(shift == 12 ? new Pte(entry) : default, false, false, false, 0);
            if ((entry & MustBeZero) != 0 || (shift > 12 && (entry & LargePage) != 0))
                throw new InvalidOperationException($"A processor would raise a reserved-bit fault at 0x{linear:x}: entry 0x{entry:x}.");
            user &= (entry & User) != 0;
            write &= (entry & Writable) != 0;
            execute &= (entry & NoExecute) == 0;
            table = entry & AddressMask;
            if (shift == 12) return new Result(new Pte(entry), user, write, execute, table | (linear & 0xfff));
        }
    }

    /// <summary>Tables that hang below the root, the root included.</summary>
    public static int CountTables(PhysicalMemory memory, uint root) => CountTables(memory, root, level: 4);

    private static int CountTables(PhysicalMemory memory, uint table, int level)
    {
        int count = 1;
        if (level == 1) return count;
        for (int i = 0; i < 512; i++)
        {
            ulong entry = BinaryPrimitives.ReadUInt64LittleEndian(memory.Contents(table)[(i * 8)..]);
            if ((entry & Present) != 0) count += CountTables(memory, (uint)((entry & AddressMask) >> 12), level - 1);
        }

        return count;
    }
}
