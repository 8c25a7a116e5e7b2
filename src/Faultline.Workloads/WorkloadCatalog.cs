using Faultline.Workloads.Programs;

namespace Faultline.Workloads;

/// <summary>Every workload.</summary>
public static class WorkloadCatalog
{
    /// <summary>In the order of the list.</summary>
    public static IReadOnlyList<Workload> All { get; } =
    [
        new Ebizzy(),
        new PageFault(PageFault.Kind.Anonymous),
        new PageFault(PageFault.Kind.PrivateFile),
        new PageFault(PageFault.Kind.SharedFile),
        new MapUnmap(MapUnmap.Kind.Anonymous),
        new MapUnmap(MapUnmap.Kind.PrivateFile),
        new HeapBreak(),
        new MapUnmap(MapUnmap.Kind.Malloc),
        new ParallelFaults(),
        new StartingThreads(),
    ];

    /// <summary>The workload of that name; null if there is none.</summary>
    public static Workload? Find(string name) => All.FirstOrDefault(w => w.Name == name);
}
