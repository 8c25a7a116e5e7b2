using System.Runtime.CompilerServices;

namespace Faultline.Workloads.Programs;

/// <summary>Writes one byte to each page, as all fault workloads do, and checks that the pages are the ones they should be.</summary>
/// <param name="thread">Who touches.</param>
/// <param name="everyPage">Check every page; else one of each block.</param>
/// <param name="isFile">The pages are those of a file, from its start; else anonymous.</param>
internal struct PageToucher<TThread>(TThread thread, bool everyPage, bool isFile)
    where TThread : struct, IProgramThread
{
    /// <summary>Short enough for the loop to reach the last tier of the compiler soon, long enough for the call to cost nothing.</summary>
    private const int PagesPerBlock = 256;

    private const ulong BlockBytes = PagesPerBlock * Pages.Size;

    // Prime to the block, so that the checks wander over all its pages.
    private const int WanderStep = 37;

    private int _checked;

    /// <summary>Writes <paramref name="value"/> into the first byte of each page of a mapping, some of them timed, and checks behind itself.</summary>
    public void Touch(ulong start, ulong length, byte value, LatencySampler latency)
    {
        for (ulong offset = 0; offset < length; offset += BlockBytes)
        {
            ulong size = Math.Min(BlockBytes, length - offset);
            TouchBlock(thread, start + offset, size, value, latency);
            Check(start, offset, size, value);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void TouchBlock(TThread thread, ulong start, ulong length, byte value, LatencySampler latency)
    {
        for (ulong address = start; address < start + length; address += Pages.Size)
        {
            if (latency.IsDue())
            {
                long before = LatencySampler.Now;
                thread.Write(address, value);
                latency.Record(before);
            }
            else
            {
                thread.Write(address, value);
            }
        }
    }

    private void Check(ulong start, ulong offset, ulong length, byte value)
    {
        int pages = (int)(length / Pages.Size);
        if (!everyPage)
        {
            _checked = (_checked + WanderStep) % PagesPerBlock;
            CheckPage(start, (offset / Pages.Size) + (ulong)(_checked % pages), value);
            return;
        }

        for (int i = 0; i < pages; i++) CheckPage(start, (offset / Pages.Size) + (ulong)i, value);
    }

    /// <summary>The byte is there, and around it what a fresh page, or the file's, must hold.</summary>
    private readonly void CheckPage(ulong start, ulong page, byte value)
    {
        ulong address = start + (page * Pages.Size);
        WorkloadException.ThrowUnlessEqual("the byte written", address, value, thread.Read<byte>(address));
        ulong next = address + sizeof(ulong);
        WorkloadException.ThrowUnlessEqual("the word beside it", next, isFile ? FilePattern.WordAt(page, 1) : 0, thread.Read<ulong>(next));
    }
}
