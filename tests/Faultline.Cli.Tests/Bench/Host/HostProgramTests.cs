using Faultline.Cli.Bench.Host;
using Faultline.Workloads;

namespace Faultline.Cli.Tests.Bench.Host;

/// <summary>The workloads' own checks, over the host's memory.</summary>
public class HostProgramTests
{
    public static TheoryData<string> OnHost { get; } = [.. WorkloadCatalog.All.Where(w => w.RunsOnHost).Select(w => w.Name)];

    [Theory]
    [MemberData(nameof(OnHost))]
    public void WhenAWorkloadRunsOnTheHostThenContentsAreAsWritten(string name)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the host's memory calls are the peer");
        var options = new WorkloadOptions { RegionBytes = 100 * 4096, ChunkBytes = 5 * 4096, Chunks = 3, Areas = 3, Pages = 2, VerifyEveryPage = true };
        using var program = new HostProgram();
        using var run = WorkloadRun.Open(WorkloadCatalog.Find(name)!, program, 2, options);
        var sample = run.Sample(WorkloadLength.Of(200));
        run.Verify();
        Assert.InRange(sample.Operations, 400, long.MaxValue);
        Assert.NotEqual(0, sample.Latency.Count);
    }

    [Fact]
    public void WhenAThreadIsGivenBackThenItsMappingsGo()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the host's memory calls are the peer");
        using var program = new HostProgram();
        var thread = program.CreateThread();
        ulong kept = thread.Map(1 << 20);
        thread.Write(kept, 1);
        Assert.True(IsMapped(kept));
        thread.Dispose();
        Assert.False(IsMapped(kept));
    }

    private static bool IsMapped(ulong address) => File.ReadLines("/proc/self/maps").Any(line =>
    {
        ulong[] range = [.. line.Split(' ')[0].Split('-').Select(part => Convert.ToUInt64(part, 16))];
        return range[0] <= address && address < range[1];
    });
}
