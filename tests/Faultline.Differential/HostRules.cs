using System.Globalization;
using System.Runtime.InteropServices;
using Faultline.Differential.Host;
using Faultline.Differential.Programs;

namespace Faultline.Differential;

/// <summary>What the host's settings call for.</summary>
internal static class HostRules
{
    private const int MemoryLockBit = 14;

    // Values of vm.overcommit_memory.
    private const int Always = 1, Never = 2;

    // mremap of several areas at once came with 6.17.
    private static readonly Version s_oldest = new(6, 17);

    private static readonly Lazy<ulong> s_minimumAddress =
        new(() => ulong.Parse(File.ReadAllText("/proc/sys/vm/mmap_min_addr"), CultureInfo.InvariantCulture));

    private static readonly Lazy<int> s_maximumAreas = new(() => int.Parse(File.ReadAllText("/proc/sys/vm/max_map_count"), CultureInfo.InvariantCulture));
    private static readonly Lazy<ulong> s_memoryAndSwap = new(MemoryAndSwap);
    private static readonly Lazy<bool> s_mayLockMemory = new(MayLockMemory);
    private static readonly Lazy<ulong> s_stackLimit = new(() => Limit("Max stack size"));
    private static readonly Lazy<ulong> s_lockLimit = new(() => Limit("Max locked memory"));

    /// <summary><c>vm.max_map_count</c>.</summary>
    public static int MaximumAreas => s_maximumAreas.Value;

    /// <summary>Throws where the host has other rules than the engine, which has those of Linux 6.18 for x86-64.</summary>
    public static void Require()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64) throw new HostException("The host is not Linux for x86-64.");
        string release = File.ReadAllText("/proc/sys/kernel/osrelease");
        string[] parts = release.Split('.', '-');
        var version = new Version(int.Parse(parts[0], CultureInfo.InvariantCulture), int.Parse(parts[1], CultureInfo.InvariantCulture));
        if (version < s_oldest) throw new HostException($"The host runs Linux {release.Trim()}; what is compared are the rules of {s_oldest} and later.");
        if (Overcommit() == Never) throw new HostException("The host counts what all its processes may use (vm.overcommit_memory 2).");
        if (File.ReadLines("/proc/swaps").Skip(1).Any()) throw new HostException("The host swaps: MADV_PAGEOUT would take pages away.");
    }

    public static AddressSpaceOptions Options(HostMachine host, CallProgram program) => new()
    {
        Design = program.Design,

        // So that both locks are compared with the host.
        WriterLock = program.Design == FaultDesign.AreaSequence ? WriterLock.RangeLock : WriterLock.MmapLock,
        MmapBase = host.Layout.Top,
        MinimumAddress = s_minimumAddress.Value,
        MaximumAreas = MaximumAreas,
        HasZeroPage = host.HasZeroPage,
        CommitLimit = Overcommit() == Always ? ulong.MaxValue : s_memoryAndSwap.Value,
        Privileged = program.IsPrivileged && s_mayLockMemory.Value,
        Limits = new ResourceLimits { Stack = s_stackLimit.Value, MemoryLock = s_lockLimit.Value },
    };

    private static int Overcommit() => int.Parse(File.ReadAllText("/proc/sys/vm/overcommit_memory"), CultureInfo.InvariantCulture);

    private static ulong MemoryAndSwap() => (Field("/proc/meminfo", "MemTotal:") + Field("/proc/meminfo", "SwapTotal:")) << 10;

    private static bool MayLockMemory()
    {
        string line = File.ReadLines("/proc/self/status").First(line => line.StartsWith("CapEff:", StringComparison.Ordinal));
        ulong capabilities = ulong.Parse(line.AsSpan("CapEff:".Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        return ((capabilities >> MemoryLockBit) & 1) != 0;
    }

    private static ulong Limit(string name)
    {
        string line = File.ReadLines("/proc/self/limits").First(line => line.StartsWith(name, StringComparison.Ordinal));
        string soft = line[name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0];
        return soft == "unlimited" ? ResourceLimits.Unlimited : ulong.Parse(soft, CultureInfo.InvariantCulture);
    }

    private static ulong Field(string file, string name)
    {
        string line = File.ReadLines(file).First(line => line.StartsWith(name, StringComparison.Ordinal));
        return ulong.Parse(line[name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0], CultureInfo.InvariantCulture);
    }
}
