using System.Runtime.InteropServices;
using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Tests.Physical;

/// <summary>A section word and a magazine, as an accessor has them.</summary>
internal sealed unsafe class TestSection : IDisposable
{
    private readonly ulong* _word = (ulong*)NativeMemory.AlignedAlloc(64, 64);

    public TestSection(PhysicalMemory memory)
    {
        *_word = 0;
        Magazine = new FrameMagazine(memory, _word);
    }

    public FrameMagazine Magazine { get; }

    public void Enter() => Native.Exchange(ref *_word, *_word + 1);

    public void Leave() => Native.StoreRelease(ref *_word, *_word + 1);

    public uint TryTake()
    {
        Enter();
        uint pfn = Magazine.TryTake();
        Leave();
        return pfn;
    }

    /// <summary>As a fault does: from the magazine, else from outside.</summary>
    public uint Take() => TryTake() is var pfn and not 0 ? pfn : Magazine.TakeOutside();

    public bool TryPut(uint pfn)
    {
        Enter();
        bool put = Magazine.TryPut(pfn);
        Leave();
        return put;
    }

    public void Dispose()
    {
        Magazine.Dispose();
        NativeMemory.AlignedFree(_word);
    }
}
