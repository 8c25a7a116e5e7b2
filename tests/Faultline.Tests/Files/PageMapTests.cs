using CsCheck;
using Faultline.Files;

namespace Faultline.Tests.Files;

public class PageMapTests
{
    /// <summary>Page numbers of all heights of the tree: small ones, and ones with few bits anywhere.</summary>
    private static readonly Gen<ulong> s_index = Gen.Select(Gen.ULong[0, 200], Gen.Int[0, 63]).Select((low, shift) => low << shift);

    [Fact]
    public void SettingPagesInAnyOrderAgreesWithADictionary() =>
        Gen.Select(s_index.Array[0, 200], s_index.Array[0, 50]).Sample((set, others) =>
        {
            var map = new PageMap();
            var model = new SortedDictionary<ulong, uint>();
            foreach (ulong index in set)
            {
                if (model.ContainsKey(index)) continue;
                model.Add(index, (uint)model.Count + 1);
                map.Set(index, model[index]);
            }

            foreach (ulong index in set.Concat(others)) Assert.Equal(model.GetValueOrDefault(index), map.Find(index));
            Assert.Equal(model.Values, map.TakeAll());
            foreach (ulong index in set) Assert.Equal(0u, map.Find(index));
        });

    [Fact]
    public void ClearingAndCollectingAgreeWithADictionary() =>
        Gen.Select(s_index.Array[0, 100], s_index.Array[0, 50], s_index, s_index).Sample((set, cleared, first, end) =>
        {
            var map = new PageMap();
            var model = new SortedDictionary<ulong, uint>();
            foreach (ulong index in set)
            {
                if (!model.TryAdd(index, (uint)model.Count + 1)) continue;
                map.Set(index, model[index]);
            }

            foreach (ulong index in cleared)
            {
                model.Remove(index);
                map.Clear(index);
            }

            Assert.Equal(model.Where(pair => pair.Key >= first && pair.Key < end).Select(pair => (pair.Key, pair.Value)), map.Collect(first, end));
            uint[] neighbours = new uint[200];
            first = Math.Min(first, ulong.MaxValue - 200);
            map.Find(first, neighbours);
            Assert.Equal(Enumerable.Range(0, 200).Select(i => model.GetValueOrDefault(first + (ulong)i)), neighbours);
        });

    [Fact]
    public void WhenTheTreeGrowsThenLookUpsNeverMissWhatWasThere()
    {
        var map = new PageMap();
        map.Set(5, 55);
        bool done = false;
        long misses = 0;
        var reader = new Thread(() =>
        {
            while (!Volatile.Read(ref done))
            {
                if (map.Find(5) != 55) misses++;
            }
        });
        reader.Start();
        uint pfn = 100;
        for (int shift = 6; shift < 58; shift++)
        {
            for (ulong odd = 1; odd < 64; odd += 2) map.Set(odd << shift, pfn++);
        }

        Volatile.Write(ref done, true);
        reader.Join();
        Assert.Equal(0, misses);
    }

    [Fact]
    public void LookingUpAllocatesNothing()
    {
        var map = new PageMap();
        map.Set(1UL << 40, 1);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (ulong i = 0; i < 1_000; i++) map.Find(i << 30);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }
}
