using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Faultline.Differential.Host;

/// <summary>A process of the host that makes calls and accesses as it is told, seen from outside through <c>/proc</c>.</summary>
internal abstract class HostProcess : IDisposable
{
    private const long LargestErrno = 4095;

    private readonly SafeFileHandle _memory, _pageMap, _areas;

    protected HostProcess(int id, ulong buffer)
    {
        (Id, Buffer) = (id, buffer);
        _memory = Open("mem", FileAccess.ReadWrite);
        _pageMap = Open("pagemap");
        _areas = Open("smaps");
    }

    public int Id { get; }

    /// <summary>A page of the process where calls find what they point to, and leave what they return.</summary>
    public ulong Buffer { get; }

    /// <summary>A system call; the kernel's result, negative errno included.</summary>
    public abstract long Call(int number, ulong a = 0, ulong b = 0, ulong c = 0, ulong d = 0, ulong e = 0, ulong f = 0);

    /// <summary>As <see cref="Call"/>, which must succeed.</summary>
    public ulong MustCall(int number, ulong a = 0, ulong b = 0, ulong c = 0, ulong d = 0, ulong e = 0, ulong f = 0)
    {
        long result = Call(number, a, b, c, d, e, f);
        return !IsError(result) ? (ulong)result : throw new HostException($"System call {number} failed in the host's process: {(Errno)(-result)}.");
    }

    /// <summary>
    /// Takes all protection keys that the processor has, which forked processes inherit: memory with PROT_EXEC alone gets a key whose memory cannot be read
    /// (<c>arch/x86/mm/pkeys.c:__execute_only_pkey()</c>), and the engine is an x86 processor without keys.
    /// </summary>
    /// <returns>The keys; none where there are none.</returns>
    protected IReadOnlyList<ulong> TakeProtectionKeys()
    {
        var keys = new List<ulong>();
        for (long key = Call(SystemCalls.AllocateKey); !IsError(key); key = Call(SystemCalls.AllocateKey)) keys.Add((ulong)key);
        return keys;
    }

    public static bool IsError(long result) => result is < 0 and >= -LargestErrno;

    /// <summary>Reads a byte as a program does.</summary>
    public abstract FaultSignal Load(ulong address, out byte value);

    /// <summary>Writes a byte as a program does.</summary>
    public abstract FaultSignal Store(ulong address, byte value);

    /// <summary>
    /// Fetches an instruction. Whatever it is, its operands lie within <see cref="Buffer"/> or nowhere; what else it does is undone with the registers.
    /// </summary>
    public abstract FaultSignal Fetch(ulong address);

    public abstract HostProcess Fork();

    /// <summary>Reads memory from outside, whatever its rights. A page that is not there is faulted in: ask <see cref="IsPresent"/> before.</summary>
    public bool TryRead(ulong address, Span<byte> contents)
    {
        try
        {
            return RandomAccess.Read(_memory, contents, (long)address) == contents.Length;
        }
        catch (IOException)
        {
            return false;
        }
    }

    public void Write(ulong address, ReadOnlySpan<byte> contents) => RandomAccess.Write(_memory, contents, (long)address);

    /// <summary>Tells for each of some pages whether its entry holds a page; without a change to it.</summary>
    public void ReadPageMap(ulong address, Span<ulong> entries) =>
        RandomAccess.Read(_pageMap, MemoryMarshal.AsBytes(entries), (long)(address / Layout.PageSize * sizeof(ulong)));

    public static bool IsPresent(ulong pageMapEntry) => pageMapEntry >> 63 != 0;

    /// <summary>Reads a page of fresh private memory, and tells whether it is the one that all processes share; any other is mapped by this process alone.</summary>
    /// <param name="free">Where a page can be mapped for a while.</param>
    public bool FindsZeroPage(ulong free)
    {
        const int Read = 1, Anonymous = 0x20, ExclusiveBit = 56;
        MustCall(SystemCalls.Map, free, Layout.PageSize, Read, (ulong)(MapFlags.Private | MapFlags.Fixed) | Anonymous, ulong.MaxValue);
        FaultSignal signal = Load(free, out _);
        ulong entry = 0;
        ReadPageMap(free, new Span<ulong>(ref entry));
        MustCall(SystemCalls.Unmap, free, Layout.PageSize);
        if (signal != FaultSignal.None || !IsPresent(entry)) throw new HostException($"A fresh page at {free:x} could not be read.");
        return ((entry >> ExclusiveBit) & 1) == 0;
    }

    /// <summary>The text of <c>/proc/PID/smaps</c>, at least up to the first area that begins at <paramref name="end"/> or above.</summary>
    public int ReadAreas(ref byte[] buffer, ulong end = ulong.MaxValue)
    {
        int length = 0;
        while (true)
        {
            if (length == buffer.Length) Array.Resize(ref buffer, 2 * buffer.Length);
            int read = RandomAccess.Read(_areas, buffer.AsSpan(length), length);
            if (read == 0) return length;
            length += read;
            if (end != ulong.MaxValue && LastArea(buffer.AsSpan(0, length)) >= end) return length;
        }
    }

    /// <summary>Where the last area that is in the text begins: only an area's first line begins with a hexadecimal digit.</summary>
    private static ulong LastArea(ReadOnlySpan<byte> text)
    {
        while (true)
        {
            int line = text.LastIndexOf((byte)'\n') + 1;
            if (line < text.Length && char.IsAsciiHexDigitLower((char)text[line]))
                return ulong.Parse(text[line..(line + text[line..].IndexOf((byte)'-'))], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            if (line == 0) return 0;
            text = text[..(line - 1)];
        }
    }

    public void Dispose()
    {
        _memory.Dispose();
        _pageMap.Dispose();
        _areas.Dispose();
        End();
    }

    /// <summary>Ends the process, or what it was used for.</summary>
    protected abstract void End();

    private SafeFileHandle Open(string name, FileAccess access = FileAccess.Read)
    {
        string path = string.Create(CultureInfo.InvariantCulture, $"/proc/{Id}/{name}");
        return File.OpenHandle(path, FileMode.Open, access, FileShare.ReadWrite);
    }
}
