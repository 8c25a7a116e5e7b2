namespace Faultline.Workloads.Tests;

/// <summary>A program whose writes do nothing: what a broken memory manager looks like to a workload.</summary>
internal sealed class ForgetfulProgram(GuestProgram inner) : IProgram<ForgetfulThread>
{
    public ForgetfulThread CreateThread() => new(inner.CreateThread());

    public int CreateFile(int pages) => inner.CreateFile(pages);

    public void Dispose() => inner.Dispose();
}

/// <summary>Reads and calls as its model does; copies and writes nothing.</summary>
internal struct ForgetfulThread(GuestThread inner) : IProgramThread
{
    private GuestThread _inner = inner;

    public ulong Map(ulong length) => _inner.Map(length);

    public ulong MapFile(int file, ulong length, bool shared) => _inner.MapFile(file, length, shared);

    public void Unmap(ulong start, ulong length) => _inner.Unmap(start, length);

    public void MakeReadOnly(ulong start, ulong length) => _inner.MakeReadOnly(start, length);

    public void Discard(ulong start, ulong length) => _inner.Discard(start, length);

    public ulong Break
    {
        get => _inner.Break;
        set => _inner.Break = value;
    }

    public T Read<T>(ulong address)
        where T : unmanaged => _inner.Read<T>(address);

    public void Write<T>(ulong address, T value)
        where T : unmanaged
    {
    }

    public void Copy(ulong source, ulong destination, int length)
    {
    }

    public void Dispose() => _inner.Dispose();
}
