using Faultline.Faults;
using Faultline.Files;
using Faultline.Physical;

namespace Faultline.Tests.Faults;

/// <summary>What a fault took comes home once, whatever happens in between.</summary>
public class FaultContextTests
{
    [Fact]
    public void WhenAFileThrowsBeforeItReadsThenThePageThatTheFaultHadIsGivenBackOnce()
    {
        using var guest = new Guest();
        using var file = new CapriciousFile(guest.Memory);
        guest.Space.Map(Guest.At(0), Page.Size, Protection.Read, Guest.Private, file, 0);
        var fault = new FaultContext(guest.Space, accessor: null, Guest.At(0), AccessKind.Read) { Area = guest.Space.Areas.Find(Guest.At(0))! };
        Assert.Equal(FileResult.Ok, fault.ReadFilePage(signal: null));
        uint frame = fault.CachedFrame;
        Assert.Equal(2u, guest.Memory.Info(frame).Refs);
        file.Throws = true;
        try
        {
            fault.ReadFilePage(signal: null);
            Assert.Fail("The file did not throw.");
        }
        catch (InvalidOperationException)
        {
            fault.GiveBack();
        }

        Assert.Equal(1u, guest.Memory.Info(frame).Refs);
    }

    /// <summary>Throws where nothing should.</summary>
    private sealed class CapriciousFile(PhysicalMemory memory) : VmFile(memory, "/capricious", new FileIdentity(8, 2, 43), Page.Size)
    {
        public bool Throws { get; set; }

        protected internal override int ReadAheadPages => Throws ? throw new InvalidOperationException("The test's file fails.") : 1;

        protected override void ReadPage(ulong pageIndex, Span<byte> destination) => destination.Clear();
    }
}
