namespace Faultline.Tests;

/// <summary>Every legal pair of design and writer lock; the classic design with the retry mechanism and without it.</summary>
internal sealed class Pairs : TheoryData<FaultDesign, WriterLock, bool>
{
    public Pairs()
    {
        foreach (DesignPair pair in DesignPair.All)
        {
            Add(pair.Design, pair.WriterLock, true);
            if (pair.Design == FaultDesign.Classic) Add(pair.Design, pair.WriterLock, false);
        }
    }
}
