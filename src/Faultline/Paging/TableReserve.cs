namespace Faultline.Paging;

/// <summary>
/// Zeroed table frames taken before any lock is held or section entered: installing tables then allocates nothing. A mutable struct.
/// </summary>
internal struct TableReserve
{
    private uint _first, _second, _third;
    private int _count;

    /// <summary>Tables that a walk from the root may miss.</summary>
    public const int Capacity = TableLevel.Root;

    public void Put(uint frame)
    {
        switch (_count++)
        {
            case 0: _first = frame; break;
            case 1: _second = frame; break;
            default: _third = frame; break;
        }
    }

    /// <summary>A prepared table, or 0 if none is left.</summary>
    public uint Take() => _count == 0 ? 0 : --_count switch
    {
        0 => _first,
        1 => _second,
        _ => _third,
    };
}
