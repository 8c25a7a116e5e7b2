using CsCheck;
using Faultline.Locking;

namespace Faultline.Tests.Locking;

public class LockWordTests
{
    private static readonly Gen<LockUser> s_user = Gen.Int[0, LockUsers.Count - 1].Select(static i => (LockUser)i);

    [Fact]
    public void ReadersOfAnyNumberAndUserLeaveTheMarksAlone() =>
        Gen.Select(Gen.Long[1, 1L << 40], s_user, s_user, Gen.Bool, Gen.Bool).Sample((readers, before, after, waiters, reserved) =>
        {
            var word = Marked(new LockWord(0).WithReaders(1, before), waiters, reserved).WithReaders(readers, after);
            Assert.Equal(readers + 1, word.Readers);
            Assert.Equal(after, word.User);
            Assert.Equal((waiters, reserved), (word.HasWaiters, word.IsReserved));
            Assert.False(word.IsWriteHeld);
            Assert.Equal(!waiters && !reserved, word.AdmitsReader);
            Assert.False(word.AdmitsWriter || word.AdmitsBarging);
            Assert.Equal(readers, new LockWord(word.Value - (ulong)LockWord.OneReader).Readers);
        });

    [Fact]
    public void AWriterThatLeftLeavesItsNameAndTheMarks() =>
        Gen.Select(s_user, Gen.Bool, Gen.Bool).Sample((user, waiters, reserved) =>
        {
            var held = Marked(new LockWord(0).WithWriter(user), waiters, reserved);
            Assert.True(held.IsWriteHeld && held.IsHeld);
            Assert.False(held.AdmitsReader || held.AdmitsWriter || held.AdmitsBarging);

            var left = new LockWord(held.Value - (ulong)LockWord.OneWriter);
            Assert.False(left.IsHeld);
            Assert.Equal(user, left.User);
            Assert.Equal((waiters, reserved), (left.HasWaiters, left.IsReserved));
            Assert.Equal(!waiters && !reserved, left.AdmitsWriter);
            Assert.Equal(!reserved, left.AdmitsBarging);
        });

    private static LockWord Marked(LockWord word, bool waiters, bool reserved)
    {
        if (waiters) word = word.WithWaiters;
        return reserved ? word.WithReservation : word;
    }
}
