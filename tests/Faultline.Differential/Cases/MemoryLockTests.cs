using static Faultline.Differential.Suite;

namespace Faultline.Differential.Cases;

/// <summary><c>mlock</c>, <c>munlock</c>, <c>mlockall</c> and MAP_LOCKED. That a page is locked shows in MS_INVALIDATE, which is EBUSY then.</summary>
public class MemoryLockTests
{
    /// <summary>At once, and on fault (MLOCK_ONFAULT).</summary>
    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    public void WhenMemoryIsLockedThenItIsUntilItIsUnlocked(int onFault, int resident) => Agree(
        ("map p0 at=w0 len=1 bits=3 flags=0x12", "w0"),
        ("sync p0 at=w0 len=1 flags=3", "ok"),
        ("unlock p0 at=w0 len=1", "ok"),
        ("sync p0 at=w0 len=1 flags=3", "ok"),
        ($"lock p0 at=w0 len=1 bits={onFault}", "ok"),
        ("sync p0 at=w0 len=1 flags=3", "EBUSY"),
        ("core p0 at=w0 len=1", $"ok {resident}"),
        ("unlock p0 at=w0 len=1", "ok"),
        ("sync p0 at=w0 len=1 flags=3", "ok"));

    [Fact]
    public void WhenMemoryCannotBePopulatedThenItIsLockedAllTheSame() => Agree(
        ("map p0 at=w0 len=1 flags=0x12", "w0"),
        ("sync p0 at=w0 len=1 flags=3", "ok"),
        ("lock p0 at=w0 len=1", "ENOMEM"),
        ("sync p0 at=w0 len=1 flags=3", "EBUSY"));

    [Fact]
    public void WhenMemoryIsLockedThenItIsNeitherUnneededNorInvalidated() => Agree(
        ("map p0 at=w0 len=1 bits=3 flags=0x12", "w0"),
        ("lock p0 at=w0 len=1", "ok"),
        ("advise p0 at=w0 len=1 bits=4", "EINVAL"),
        ("sync p0 at=w0 len=1 flags=3", "EBUSY"),
        ("sync p0 at=w0 len=1 flags=6", "EBUSY"));

    [Fact]
    public void WhenAProcessForksThenNothingOfItsChildIsLocked() => Agree(
        ("map p0 at=w0 len=1 bits=3 flags=0x12", "w0"),
        ("lock p0 at=w0 len=1", "ok"),
        ("fork p0", "ok"),
        ("sync p1 at=w0 len=1 flags=3", "ok"),
        ("sync p0 at=w0 len=1 flags=3", "EBUSY"));

    [Fact]
    public void WhenTheFutureIsLockedThenWhatIsMappedThenIsUntilAllIsUnlocked() => Agree(
        ("map p0 at=w0 len=1 bits=3 flags=0x12", "w0"),
        ("lockall p0 bits=2", "ok"),
        ("map p0 at=w4 len=1 bits=3 flags=0x12", "w4"),
        ("sync p0 at=w0 len=1 flags=3", "ok"),
        ("sync p0 at=w4 len=1 flags=3", "EBUSY"),
        ("unlockall p0", "ok"),
        ("map p0 at=w8 len=1 bits=3 flags=0x12", "w8"),
        ("sync p0 at=w4 len=1 flags=3", "ok"),
        ("sync p0 at=w8 len=1 flags=3", "ok"));

    [Theory]
    [InlineData("unlock p0 at=w0 len=1")]
    [InlineData("unlockall p0")]
    public void WhenAMapIsLockedThenItIsUntilItIsUnlocked(string unlock) => Agree(
        ("map p0 at=w0 len=1 bits=3 flags=0x2012", "w0"),
        ("sync p0 at=w0 len=1 flags=3", "EBUSY"),
        ($"{unlock}", "ok"),
        ("sync p0 at=w0 len=1 flags=3", "ok"));

    [Fact]
    public void WhenNoMemoryMayBeLockedThenCallsAreNotPermitted() => AgreeWithoutPrivilege(
        ("limit p0 bits=8", "ok"),
        ("map p0 at=w0 len=1 bits=3 flags=0x12", "w0"),
        ("lock p0 at=w0 len=1", "EPERM"),
        ("sync p0 at=w0 len=1 flags=3", "ok"),
        ("lockall p0 bits=1", "EPERM"),
        ("map p0 at=w4 len=1 bits=3 flags=0x2012", "EPERM"),
        ("read p0 at=w4", "NotMapped"));

    [Fact]
    public void WhenTooMuchMemoryIsLockedThenCallsAreRefused() => AgreeWithoutPrivilege(
        ("limit p0 len=1 bits=8", "ok"),
        ("map p0 at=w0 len=2 bits=3 flags=0x12", "w0"),
        ("lock p0 at=w0 len=2", "ENOMEM"),
        ("sync p0 at=w0 len=1 flags=3", "ok"),
        ("map p0 at=w4 len=2 bits=3 flags=0x2012", "EAGAIN"),
        ("lock p0 at=w0 len=1", "ok"),
        ("lock p0 at=w0 len=1", "ok"),
        ("lock p0 at=w1 len=1", "ENOMEM"));

    [Fact]
    public void WhenALockedAreaGrowsThenItIsLockedThere() => Agree(
        ("map p0 at=w0 len=1 bits=3 flags=0x2012", "w0"),
        ("remap p0 at=w0 len=1 new=2 flags=1", "w0"),
        ("sync p0 at=w1 len=1 flags=3", "EBUSY"),
        ("map p0 at=w2 len=1 flags=0x12", "w2"),
        ("remap p0 at=w0 len=2 new=3 flags=1", "t-3"),
        ("sync p0 at=t-3 len=1 flags=3", "EBUSY"),
        ("core p0 at=t-3 len=3", "ok 111"));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void WhenALockedAreaMayNotGrowThenItStays(int pages) => AgreeWithoutPrivilege(
        ("map p0 at=w0 len=1 bits=3 flags=0x2012", "w0"),
        ($"limit p0 len={pages} bits=8", "ok"),
        ("remap p0 at=w0 len=1 new=2 flags=1", "EAGAIN"),
        ("sync p0 at=w0 len=1 flags=3", "EBUSY"),
        ("read p0 at=w1", "NotMapped"));
}
