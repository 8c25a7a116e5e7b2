using CsCheck;
using Faultline.Physical;

namespace Faultline.Tests.Physical;

public class OwnerTableTests
{
    [Fact]
    public void WhenAddedThenTheNumberLeadsToTheOwner()
    {
        var table = new OwnerTable();
        object owner = new();
        uint id = table.Add(owner);
        Assert.NotEqual(0u, id);
        Assert.True(table.TryGet(id, out object? found));
        Assert.Same(owner, found);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(77)]
    [InlineData(uint.MaxValue)]
    public void WhenNeverGivenThenTheNumberLeadsNowhere(uint id)
    {
        var table = new OwnerTable();
        table.Add(new object());
        Assert.False(table.TryGet(id, out object? found));
        Assert.Null(found);
    }

    [Fact]
    public void WhenTheSlotIsUsedAgainThenTheOldNumberLeadsNowhere()
    {
        var table = new OwnerTable();
        uint old = table.Add(new object());
        table.Remove(old);
        HashSet<uint> given = [old];
        for (int i = 0; i < 20_000; i++)
        {
            uint id = table.Add(new object());
            Assert.True(given.Add(id), "A number was given twice.");
            Assert.False(table.TryGet(old, out _));
            table.Remove(id);
        }

        // Slots are used again: the table does not grow with every addition.
        Assert.True(given.Max(id => id & 0x3FFFFF) < 2_000, "Slots were not used again.");
    }

    [Fact]
    public void AddingAndRemovingInAnyOrderAgreesWithADictionary() =>
        Gen.Select(Gen.Bool, Gen.Int[0, 1_000]).Array[0, 3_000].Sample(
            operations =>
            {
                var table = new OwnerTable();
                Dictionary<uint, object> model = [];
                List<uint> removed = [];
                foreach (var (add, which) in operations)
                {
                    if (add)
                    {
                        object owner = new();
                        model.Add(table.Add(owner), owner);
                    }
                    else if (model.Count > 0)
                    {
                        uint id = model.Keys.ElementAt(which % model.Count);
                        table.Remove(id);
                        model.Remove(id);
                        removed.Add(id);
                    }
                }

                foreach (var (id, owner) in model) Assert.True(table.TryGet(id, out object? found) && found == owner);
                Assert.All(removed, id => Assert.False(table.TryGet(id, out _)));
            },
            iter: 20);

    [Fact]
    public void WhenLookedUpDuringRemovalThenANumberNeverLeadsToAnotherOwner()
    {
        var table = new OwnerTable();
        uint current = 0;
        bool done = false;
        long found = 0, wrong = 0;
        var reader = new Thread(() =>
        {
            while (!Volatile.Read(ref done))
            {
                uint id = Volatile.Read(ref current);
                if (!table.TryGet(id, out object? owner)) continue;
                Volatile.Write(ref found, found + 1);
                if (((Owner)owner).Id != id) wrong++;
            }
        });
        reader.Start();
        uint previous = table.Add(new Owner());
        for (int i = 0; i < 200_000 || Volatile.Read(ref found) == 0; i++)
        {
            var owner = new Owner();
            owner.Id = table.Add(owner);
            Volatile.Write(ref current, owner.Id);
            table.Remove(previous);
            previous = owner.Id;
        }

        Volatile.Write(ref done, true);
        reader.Join();
        Assert.Equal(0, wrong);
    }

    private sealed class Owner
    {
        public uint Id;
    }
}
