using Faultline.Cli.Bench;

namespace Faultline.Cli.Tests.Bench;

public class CalibratorTests
{
    // Between the fastest desktop processor and an emulated one; a loop that the compiler removed would be far below.
    [Fact]
    public void SlownessIsThatOfSomeProcessor() => Assert.InRange(Calibrator.Slowness(), 0.3, 100);
}
