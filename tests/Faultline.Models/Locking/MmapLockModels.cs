using Faultline.Checker;
using Faultline.Locking;

namespace Faultline.Models.Locking;

/// <summary>
/// Found while the lock was written: a waker that followed the queue's link of a writer it woke, and so woke a reader whose
/// state said "parked"; that one took it for a grant (threads w, r, r).
/// </summary>
public class MmapLockModels
{
    private const string Write = "w", Read = "r", WriteThenRead = "d", TryRead = "t";

    // Who is inside. Plain: the checker runs one thread at a time, and leaving begins with an access that it may be stopped at.
    private sealed class Room
    {
        public readonly MmapLock Lock = new();
        public int Readers;
        public int Writers;
    }

    [Theory]
    [InlineData(Write, Write)]
    [InlineData(Write, Read)]
    [InlineData(Write, Write, Read)]
    [InlineData(Write, Read, Read)]
    [InlineData(WriteThenRead, Read, Write)]
    [InlineData(Write, TryRead, Write)]
    [InlineData(Write + Read, Read + Write)]
    public void WhenThreadsEnterInAnyModeThenWritersAreAloneAndAllGetOut(params string[] threads) =>
        Checks.AssertPasses(MemoryModel.Tso, maxSchedules: 2_000, body: scope =>
        {
            var room = new Room();
            foreach (string modes in threads)
            {
                scope.Spawn(() =>
                {
                    foreach (char mode in modes) Visit(room, mode.ToString());
                });
            }

            scope.AtEnd(() => Assert.False(room.Lock.IsHeld));
            scope.AtEnd(() => Assert.True(room.Lock.TryEnterWrite(LockUser.Map), "somebody is said to wait"));
        });

    private static void Visit(Room room, string mode)
    {
        switch (mode)
        {
            case TryRead:
                if (!room.Lock.TryEnterRead(LockUser.Fault)) return;
                ReadInside(room);
                break;

            case Read:
                room.Lock.EnterRead(LockUser.Fault);
                ReadInside(room);
                break;

            default:
                room.Lock.EnterWrite(LockUser.Map);
                Assert.Equal((0, 1), (room.Readers, ++room.Writers));
                Controlled.Yield();
                Assert.Equal((0, 1), (room.Readers, room.Writers--));
                if (mode == Write)
                {
                    room.Lock.ExitWrite();
                    break;
                }

                room.Lock.Downgrade();
                ReadInside(room);
                break;
        }
    }

    private static void ReadInside(Room room)
    {
        room.Readers++;
        Assert.Equal(0, room.Writers);
        Controlled.Yield();
        Assert.Equal(0, room.Writers);
        room.Readers--;
        room.Lock.ExitRead();
    }
}
