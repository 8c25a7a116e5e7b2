using System.Text;
using Faultline.Traces.Import;

namespace Faultline.Traces.Tests;

/// <summary>Short forms for lines of perf's text.</summary>
internal static class Perf
{
    private static readonly TraceHeader s_header = new() { CreatedBy = "test", Source = "test" };

    /// <summary>A line of process 10, named "app".</summary>
    public static string Line(long time, string text, int tid = 10, int pid = 10, string name = "app", int cpu = 0) =>
        $"{name,16} {pid,5}/{tid,-5} [{cpu:000}] {time / 1_000_000_000,5}.{time % 1_000_000_000:000000000}: {text}";

    public static Recording ImportLines(params string[] lines) => ImportLines(Encoding.UTF8.GetBytes(string.Join('\n', lines) + "\n"));

    public static Recording ImportLines(byte[] input)
    {
        var file = new MemoryStream();
        PerfImporter.Import(new MemoryStream(input), file, s_header);
        return Recording.Load(TraceReader.Open(file));
    }

    public static TraceFormatException ImportFails(string text) => Assert.Throws<TraceFormatException>(() => ImportLines(Encoding.UTF8.GetBytes(text)));
}
