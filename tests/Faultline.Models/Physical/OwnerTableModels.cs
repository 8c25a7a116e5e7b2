using Faultline.Checker;
using Faultline.Physical;

namespace Faultline.Models.Physical;

public class OwnerTableModels
{
    /// <summary>Without the second look at the number a reader that is overtaken between its two loads finds the slot's next owner.</summary>
    [Fact]
    public void WhenASlotIsGivenAwayDuringALookUpThenTheOldNumberNeverFindsTheNewOwner() =>
        Checks.AssertPasses(
            MemoryModel.Tso,
            scope =>
            {
                var table = new OwnerTable(rest: 0);
                object first = new();
                uint id = table.Add(first);
                scope.Spawn(() =>
                {
                    if (table.TryGet(id, out object? owner)) Assert.Same(first, owner);
                });
                scope.Spawn(() =>
                {
                    table.Remove(id);
                    Assert.NotEqual(id, table.Add(new object()));
                });
            },
            maxSchedules: 2_000);
}
