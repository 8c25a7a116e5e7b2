using System.Text.Json;

namespace Faultline.Cli.Tests.Commands;

public class InfoCommandTests
{
    [Fact]
    public void WhenARecordingIsShownThenEveryTableIsThereAndNothingIsColoured()
    {
        var run = Cli.Run("info", TestFolder.Sample("fork.fltrace"));
        Assert.Equal(ExitCode.Ok, run.ExitCode);
        foreach (var expected in (string[])["./fork", "Linux 6.18", "user write, present without the right", "mprotect", "mapping lines", "lost events"])
            Assert.Contains(expected, run.Output);
        Assert.DoesNotContain('\e', run.Output);
        Assert.Empty(run.Error);
    }

    [Fact]
    public void WhenJsonIsAskedThenItIsOneDocumentWithTheSameCounts()
    {
        var run = Cli.Run("info", TestFolder.Sample("threads.fltrace"), "--json");
        using var json = JsonDocument.Parse(run.Output);
        Assert.Equal(20_635, json.RootElement.GetProperty("totals").GetProperty("events").GetInt64());
        Assert.Equal(49, json.RootElement.GetProperty("threads").GetInt32());
        Assert.Equal(48, json.RootElement.GetProperty("events").GetProperty("Fork").GetInt64());
    }

    [Fact]
    public void WhenTheFileIsTextThenItIsImportedOnTheFly()
    {
        using var folder = new TestFolder();
        File.WriteAllText(folder["p.txt"], ImportCommandTests.Text);
        var run = Cli.Run("info", folder["p.txt"]);
        Assert.Equal(ExitCode.Ok, run.ExitCode);
        Assert.Contains("munmap", run.Output);
        Assert.Contains("253 events were lost", run.Error);
    }

    [Fact]
    public void WhenTheRecordingIsTruncatedThenItIsBadData()
    {
        using var folder = new TestFolder();
        File.WriteAllBytes(folder["t.fltrace"], File.ReadAllBytes(TestFolder.Sample("fork.fltrace"))[..1000]);
        var run = Cli.Run("info", folder["t.fltrace"]);
        Assert.Equal(ExitCode.BadData, run.ExitCode);
        Assert.StartsWith("faultline: the recording is truncated", run.Error);
        Assert.Empty(run.Output);
    }
}
