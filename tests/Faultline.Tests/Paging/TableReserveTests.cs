using Faultline.Paging;

namespace Faultline.Tests.Paging;

public class TableReserveTests
{
    [Fact]
    public void WhenFramesArePutThenTheSameFramesComeOutAndThenNone()
    {
        for (uint count = 0; count <= TableReserve.Capacity; count++)
        {
            var reserve = new TableReserve();
            for (uint frame = 1; frame <= count; frame++) reserve.Put(frame);
            HashSet<uint> taken = [];
            for (uint i = 0; i < count; i++) Assert.True(taken.Add(reserve.Take()));
            Assert.DoesNotContain(PhysicalNone, taken);
            Assert.Equal(PhysicalNone, reserve.Take());
            Assert.Equal(PhysicalNone, reserve.Take());
        }
    }

    private const uint PhysicalNone = Faultline.Physical.PhysicalMemory.NoFrame;
}
