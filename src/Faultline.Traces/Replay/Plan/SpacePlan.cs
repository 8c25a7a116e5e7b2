namespace Faultline.Traces.Replay;

/// <summary>One recorded address space while the plan is made.</summary>
internal sealed class SpacePlan
{
    private SpacePlan(int number, int creator, AreaOrder areas, PageOrder pages)
    {
        Number = number;
        Creator = creator;
        Areas = areas;
        Pages = pages;
    }

    public int Number { get; }

    /// <summary>The exec or fork that makes it; negative if the recording has none.</summary>
    public int Creator { get; }

    public AreaOrder Areas { get; }

    public PageOrder Pages { get; }

    /// <summary>Calls that have been entered and have not taken effect, in order of their enters.</summary>
    public List<CallShape> Open { get; } = [];

    /// <summary>The call that took effect last; negative before the first.</summary>
    public int LastCall { get; set; } = -1;

    /// <summary>The end of the heap as the calls so far leave it; 0 before the first <c>brk</c>.</summary>
    public ulong Break { get; set; }

    public static SpacePlan New(int number, int creator) => new(number, creator, new AreaOrder(creator), new PageOrder());

    public SpacePlan Fork(int number, int fork) => new(number, fork, new AreaOrder(Areas, fork), Pages.Fork()) { Break = Break };
}
