using Faultline.Tests.Files;

namespace Faultline.Tests.Faults;

public class FaultHandlerTests
{
    /// <summary>Whatever a file throws reaches the access, and nothing stays held: no lock, no frame, no section.</summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenAFileThrowsWhatItMayNotThenNothingStaysHeld(FaultDesign design)
    {
        foreach (bool optsIn in new[] { true, false })
        {
            foreach (bool isWrite in new[] { true, false })
            {
                using var guest = new Guest(design);
                using var file = new TestFile(guest.Memory) { OptsIn = optsIn, OnRead = _ => throw new InvalidOperationException("broken") };
                guest.Map(8, 1);
                guest.Touch(8, 1);
                guest.Space.Map(Guest.At(0), 4096, Protection.ReadWrite, Guest.Private, file, offset: 0);
                for (int i = 0; i < 3; i++)
                {
                    var thrown = Assert.Throws<InvalidOperationException>(() => Access(guest, isWrite));
                    Assert.Equal("broken", thrown.Message);
                }

                Assert.Throws<InvalidOperationException>(() => guest.Advise(0, 1, isWrite ? Advice.PopulateWrite : Advice.PopulateRead));

                // The lock is free, and the accessor is in no section.
                guest.Unmap(8, 1);
                file.OnRead = null;
                Access(guest, isWrite);
            }
        }
    }

    private static void Access(Guest guest, bool isWrite)
    {
        if (isWrite) guest.Cpu.Write<byte>(Guest.At(0), 1);
        else guest.Cpu.Read<byte>(Guest.At(0));
    }
}
