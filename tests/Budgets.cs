namespace Faultline.Testing;

/// <summary>
/// How long each suite may take on two cores, in one place. Exploration, differential and soak tests sample within these; together they stay below
/// <see cref="Total"/>.
/// </summary>
internal static class Budgets
{
    /// <summary>Unit and property tests of the engine.</summary>
    public static readonly TimeSpan Engine = TimeSpan.FromMinutes(3);

    /// <summary>Soak and stress tests of the engine, all together.</summary>
    public static readonly TimeSpan Stress = TimeSpan.FromMinutes(2);

    /// <summary>Models under the interleaving checker.</summary>
    public static readonly TimeSpan Models = TimeSpan.FromMinutes(2);

    /// <summary>Trace format, importer, recorder and replay of the samples.</summary>
    public static readonly TimeSpan Traces = TimeSpan.FromMinutes(2);

    /// <summary>Every workload under every design, for a small count.</summary>
    public static readonly TimeSpan Workloads = TimeSpan.FromSeconds(30);

    /// <summary>Random programs of calls beside the host's kernel.</summary>
    public static readonly TimeSpan Differential = TimeSpan.FromMinutes(1);

    /// <summary>The command-line tool.</summary>
    public static readonly TimeSpan Cli = TimeSpan.FromMinutes(1);

    /// <summary>One fuzzing test, within its suite's time.</summary>
    public static readonly TimeSpan OneFuzzTest = TimeSpan.FromSeconds(3);

    /// <summary>All suites.</summary>
    public static readonly TimeSpan Total = TimeSpan.FromMinutes(12.5);
}
