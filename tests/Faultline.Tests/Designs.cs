namespace Faultline.Tests;

/// <summary>Every design that serves faults: what users can see is the same under each.</summary>
internal sealed class Designs : TheoryData<FaultDesign>
{
    public Designs() => AddRange(Enum.GetValues<FaultDesign>());
}
