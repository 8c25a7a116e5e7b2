using System.Runtime.CompilerServices;

namespace Faultline.Paging;

/// <summary>
/// A page-table entry in the x86-64 hardware format. The same type serves all four levels; above the lowest only present, writable, user, accessed
/// and the frame number count.
/// </summary>
/// <remarks>
/// <code>
///   63  62    59 58          52 51                              12 11    10    9   8  7  6 5 4 3 2 1 0
///  +---+--------+--------------+----------------------------------+-----+-----+---+--+--+-+-+-+-+-+-+-+
///  |NX | 0      | 0            | frame number                     | UWP |SDIRT|SPC|PN| 0|D|A|0|0|U|W|P|   P = 1
///  +---+--------+--------------+----------------------------------+-----+-----+---+--+--+-+-+-+-+-+-+-+
/// </code>
/// Software uses what the hardware ignores: SPC (special: not a normal page, such as the zero frame), SDIRT (soft-dirty), UWP
/// (write-protected for a user's fault handler: counts only in areas registered for it) and, while P is 0,
/// PN (<c>PROT_NONE</c>: the rest of the entry keeps its meaning; the same trick as Linux's <c>_PAGE_PROTNONE</c> in the global bit).
/// Zero is "no entry". What is neither zero nor has P or PN says where the page is instead, or that it is lost (<see cref="AbsentKind"/>):
/// <code>
///   63         52 51                              12 11            9   8  7      4 3    1 0
///  +-------------+----------------------------------+---------------+----+--------+------+---+
///  | 0           | payload                          | 0             | PN | 0      | kind |P=0|   P = 0, PN = 0
///  +-------------+----------------------------------+---------------+----+--------+------+---+
/// </code>
/// The bits of use (A, D, SDIRT) stay free of meaning: a comparison that ignores them must still tell two such entries apart.
/// </remarks>
internal readonly record struct Pte(ulong Value)
{
    private const int WritableShift = 1;
    private const int UserShift = WritableShift + 1;
    private const int AccessedShift = 5;
    private const int DirtyShift = AccessedShift + 1;
    private const int KindShift = 1;
    private const int KindBits = 3;
    private const int ProtNoneShift = 8;
    private const int SpecialShift = ProtNoneShift + 1;
    private const int SoftDirtyShift = SpecialShift + 1;
    private const int UserProtectedShift = SoftDirtyShift + 1;
    private const int FrameShift = Page.Shift;
    private const int FrameBits = 40;
    private const int NoExecuteShift = 63;

    public const ulong PresentBit = 1UL;
    public const ulong WritableBit = 1UL << WritableShift;
    public const ulong UserBit = 1UL << UserShift;
    public const ulong AccessedBit = 1UL << AccessedShift;
    public const ulong DirtyBit = 1UL << DirtyShift;
    public const ulong ProtNoneBit = 1UL << ProtNoneShift;
    public const ulong SpecialBit = 1UL << SpecialShift;
    public const ulong SoftDirtyBit = 1UL << SoftDirtyShift;
    public const ulong UserProtectedBit = 1UL << UserProtectedShift;
    public const ulong NoExecuteBit = 1UL << NoExecuteShift;
    /// <summary>What the hardware, or a fill in its role, sets without a lock.</summary>
    public const ulong UseBits = AccessedBit | DirtyBit | SoftDirtyBit;

    public const ulong FrameMask = ((1UL << FrameBits) - 1) << FrameShift;

    /// <summary>No entry.</summary>
    public static Pte None => default;

    public bool IsNone => Value == 0;

    /// <summary>The hardware would use the entry.</summary>
    public bool IsPresent => (Value & PresentBit) != 0;

    /// <summary>A page stands behind the entry: present, or present but for <c>PROT_NONE</c>.</summary>
    public bool HasPage => (Value & (PresentBit | ProtNoneBit)) != 0;

    /// <summary>What an entry without a page says; <see cref="AbsentKind.None"/> for empty entries and those with a page.</summary>
    public AbsentKind Absent => HasPage ? AbsentKind.None : (AbsentKind)((Value >> KindShift) & ((1UL << KindBits) - 1));

    public bool IsProtNone => (Value & (PresentBit | ProtNoneBit)) == ProtNoneBit;

    public bool IsWritable => (Value & WritableBit) != 0;

    public bool IsExecutable => (Value & NoExecuteBit) == 0;

    public bool IsAccessed => (Value & AccessedBit) != 0;

    public bool IsDirty => (Value & DirtyBit) != 0;

    /// <summary>Not a normal page: no count is kept of the mapping (zero frame, raw frames).</summary>
    public bool IsSpecial => (Value & SpecialBit) != 0;

    /// <summary>A write asks the area's handler, if the area is registered for it.</summary>
    public bool IsUserProtected => (Value & UserProtectedBit) != 0;

    /// <summary>True if the hardware would let the access through.</summary>
    public bool Allows(AccessKind kind) => kind switch
    {
        AccessKind.Read => IsPresent,
        AccessKind.Write => (~Value & (PresentBit | WritableBit)) == 0,
        _ => IsPresent && IsExecutable,
    };

    public uint Frame => (uint)((Value & FrameMask) >> FrameShift);

    /// <summary>An entry of an upper level that points to the table in <paramref name="frame"/>.</summary>
    public static Pte ForTable(uint frame) =>
        new(((ulong)frame << FrameShift) | AccessedBit | UserBit | WritableBit | PresentBit);

    /// <summary>An entry without a page. The payload is found again by <see cref="Frame"/>.</summary>
    public static Pte ForAbsent(AbsentKind kind, uint payload) => new(((ulong)payload << FrameShift) | ((ulong)kind << KindShift));

    /// <summary>A leaf entry for <paramref name="frame"/> with the given rights and further <paramref name="bits"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pte ForPage(uint frame, ulong bits) => new(((ulong)frame << FrameShift) | bits);

    /// <summary>This entry for another frame.</summary>
    public Pte WithFrame(uint frame) => new((Value & ~FrameMask) | ((ulong)frame << FrameShift));

    /// <summary>This entry with <paramref name="bits"/> set.</summary>
    public Pte With(ulong bits) => new(Value | bits);

    /// <summary>This entry with <paramref name="bits"/> cleared.</summary>
    public Pte Without(ulong bits) => new(Value & ~bits);
}
