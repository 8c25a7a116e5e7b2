using Faultline.Traces;
using Spectre.Console;

namespace Faultline.Cli;

/// <summary>The areas of recorded programs for people.</summary>
internal static class MapsReport
{
    private static readonly MergeObstacles[] s_obstacles = [.. Enum.GetValues<MergeObstacles>().Where(obstacle => obstacle != MergeObstacles.None)];

    /// <summary>One space as text.</summary>
    public static void WriteOne(CliContext context, SpaceSnapshot snapshot, bool explain)
    {
        // Not through the tables: lines stay whole.
        context.Output.Write(explain ? snapshot.ExplainedMaps : snapshot.Maps);
        if (!explain) return;
        context.Output.WriteLine();
        context.Output.WriteLine($"{snapshot.Areas.Count:N0} areas, {snapshot.Boundaries.Count:N0} of them directly above another one. What keeps them apart:");
        foreach (var obstacle in s_obstacles.Where(obstacle => Count(snapshot, obstacle) > 0))
        {
            var alone = snapshot.Boundaries.Count(boundary => boundary.Obstacles == obstacle);
            context.Output.WriteLine($"{Count(snapshot, obstacle),7:N0} × {obstacle}{(alone > 0 ? $", {alone:N0} of them alone" : "")}");
        }
    }

    /// <summary>Which spaces there are.</summary>
    public static void WriteList(CliContext context, IReadOnlyList<SpaceSnapshot> snapshots)
    {
        var table = new Table { Border = TableBorder.Simple, Title = new TableTitle("address spaces") };
        table.AddColumn("space").AddColumn("process").AddColumn("program");
        foreach (var column in (string[])["areas", "adjacent", .. s_obstacles.Select(Heading)])
            table.AddColumn(new TableColumn(column).RightAligned());
        foreach (var snapshot in snapshots)
        {
            table.AddRow(
            [
                new Text(snapshot.Space.ToString()), new Text(snapshot.ProcessId.ToString()), new Text(Path.GetFileName(snapshot.Program) ?? ""),
                new Text(snapshot.Areas.Count.ToString("N0")), new Text(snapshot.Boundaries.Count.ToString("N0")),
                .. s_obstacles.Select(obstacle => new Text(Count(snapshot, obstacle).ToString("N0"))),
            ]);
        }

        context.Tables.Write(table);
        context.Output.WriteLine("  Right of \"adjacent\": what keeps neighbours apart, and how often. `--space N` shows the areas of one space.");
    }

    // Short, so that all columns fit beside a program's name.
    private static string Heading(MergeObstacles obstacle) => obstacle switch
    {
        MergeObstacles.ForkedAnonVma => "forked",
        MergeObstacles.RawFrames => "raw",
        _ => obstacle.ToString(),
    };

    private static int Count(SpaceSnapshot snapshot, MergeObstacles obstacle) => snapshot.Boundaries.Count(boundary => boundary.Obstacles.HasFlag(obstacle));
}
