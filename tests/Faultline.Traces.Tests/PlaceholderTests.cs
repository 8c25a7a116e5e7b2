namespace Faultline.Traces.Tests;

public class PlaceholderTests
{
    [Fact]
    public void AssemblyLoads() => Assert.NotNull(typeof(PlaceholderTests).Assembly);
}
