using Faultline.Files;
using static Faultline.Tests.Calls.TestSpace;

namespace Faultline.Tests.Calls;

public class MapsTests
{
    [Fact]
    public void WhenPrintedThenTheTextIsThatOfProcMaps()
    {
        using var test = new TestSpace();
        test.Space.Reset(0x5555_5555_6000, stackStart: 0x7fff_ffff_d008);
        test.Space.Brk(0x5555_5557_7000);
        using var file = new GeneratedFile(test.Memory, "/usr/lib/libc.so.6", new FileIdentity(8, 0x12, 1048602), length: null);
        test.Space.Map(Window, P, Protection.Read | Protection.Execute, Private, file, 0x26000);
        test.Space.Map(At(1), P, Protection.None, Private);
        test.Space.Map(0x7fff_ffff_c000, 2 * P, RW, Private | MapFlags.GrowsDown);
        Assert.Equal(
            """
            100000000000-100000001000 r-xp 00026000 08:12 1048602                    /usr/lib/libc.so.6
            100000001000-100000002000 ---p 00000000 00:00 0 
            555555556000-555555577000 rw-p 00000000 00:00 0                          [heap]
            7fffffffc000-7fffffffe000 rw-p 00000000 00:00 0                          [stack]

            """.ReplaceLineEndings("\n"),
            test.Space.Maps());
    }

    [Fact]
    public void WhenSmapsIsPrintedThenItsLinesAreThoseOfLinux()
    {
        using var test = new TestSpace();
        test.Map(0, 3);
        test.Touch(0);
        test.Read(1);
        Assert.Equal(
            """
            100000000000-100000003000 rw-p 00000000 00:00 0 
            Size:                 12 kB
            KernelPageSize:        4 kB
            MMUPageSize:           4 kB
            Rss:                   4 kB
            Pss:                   4 kB
            Pss_Dirty:             4 kB
            Shared_Clean:          0 kB
            Shared_Dirty:          0 kB
            Private_Clean:         0 kB
            Private_Dirty:         4 kB
            Referenced:            4 kB
            Anonymous:             4 kB
            KSM:                   0 kB
            LazyFree:              0 kB
            AnonHugePages:         0 kB
            ShmemPmdMapped:        0 kB
            FilePmdMapped:         0 kB
            Shared_Hugetlb:        0 kB
            Private_Hugetlb:       0 kB
            Swap:                  0 kB
            SwapPss:               0 kB
            Locked:                0 kB
            THPeligible:           0
            VmFlags: rd wr mr mw me ac 

            """.ReplaceLineEndings("\n"),
            test.Space.Smaps());
    }

    [Fact]
    public void WhenPagesAreSharedByAForkThenSmapsSharesThemOut()
    {
        using var test = new TestSpace();
        test.Map(0, 4);
        test.Touch(0, 1);
        using AddressSpace child = test.Space.Fork();
        test.Touch(1);
        string smaps = test.Space.Smaps();
        Assert.Contains("Rss:                   8 kB", smaps);
        Assert.Contains("Pss:                   6 kB", smaps);
        Assert.Contains("Shared_Dirty:          4 kB", smaps);
        Assert.Contains("Private_Dirty:         4 kB", smaps);
    }

    [Fact]
    public void WhenAllFlagsAreSetThenTheyAreListedInLinuxsOrder()
    {
        using var test = new TestSpace();
        test.Map(0, 1, RW | Protection.Execute, Private | MapFlags.GrowsDown | MapFlags.NoReserve);
        test.Space.MemoryLock(Window, P, onFault: true);
        foreach (Advice advice in new[] { Advice.DontFork, Advice.Mergeable, Advice.HugePage, Advice.DontDump, Advice.WipeOnFork, Advice.Random })
            Assert.Equal(Errno.None, test.TryAdvise(0, 1, advice));
        Assert.Equal("rd wr ex mr mw me gd lo rr dc lf nr wf dd hg mg", test.AreaAt(0).Flags);
        test.TryAdvise(0, 1, Advice.Sequential);
        test.TryAdvise(0, 1, Advice.NoHugePage);
        Assert.Equal("rd wr ex mr mw me gd lo sr dc lf nr wf dd nh mg", test.AreaAt(0).Flags);
    }

    [Fact]
    public void WhenANameHasALineFeedThenItIsEscaped()
    {
        using var test = new TestSpace();
        using var file = new GeneratedFile(test.Memory, "/a\nb", new FileIdentity(0, 0, 1), length: null);
        test.Space.Map(Window, P, R, Private, file, 0);
        Assert.EndsWith(" /a\\012b\n", test.Space.Maps());
    }
}
