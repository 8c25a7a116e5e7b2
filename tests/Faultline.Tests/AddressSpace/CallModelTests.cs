using CsCheck;
using Faultline.Areas;
using static Faultline.Tests.Calls.TestSpace;

namespace Faultline.Tests.Calls;

/// <summary>Random programs of calls against a model that knows pages only: each page's rights, sharing and contents. Forked children run beside it.</summary>
public class CallModelTests
{
    private const int Pages = 16;

    private static readonly Gen<Step> s_step =
        from call in Gen.Int[0, 9]
        from at in Gen.Int[0, Pages - 1]
        from length in Gen.Int[1, 6]
        from to in Gen.Int[0, Pages - 1]
        from rights in Gen.Int[0, 3]
        from shared in Gen.Frequency((4, Gen.Const(false)), (1, Gen.Const(true)))
        select new Step((Call)call, at, Math.Min(length, Pages - at), to, rights, shared);

    private enum Call
    {
        Map,
        Unmap,
        Protect,
        Move,
        Copy,
        Drop,
        Write,
        WriteAgain,
        Read,
        Fork,
    }

    [Fact]
    public void WhenCallsAreMadeAtRandomThenEveryPageIsWhatTheModelSays() =>
        s_step.Array[1, 40].Sample(
            program =>
            {
                using var run = new Run();
                foreach (Step step in program) run.Do(step);
            },
            iter: 2000);

    private sealed record Step(Call Call, int At, int Length, int To, int Rights, bool Shared);

    /// <summary>What the model knows of a page; <see cref="Contents"/> is shared by all maps of a shared page.</summary>
    private sealed record PageModel(Protection Rights, bool Shared, byte[] Contents)
    {
        public PageModel Forked() => Shared ? this : this with { Contents = [Contents[0]] };
    }

    private sealed class Run : IDisposable
    {
        private readonly TestSpace _test = new();
        private readonly List<(AddressSpace Space, PageModel?[] Pages)> _children = [];
        private readonly PageModel?[] _pages = new PageModel?[Pages];
        private byte _next;

        public void Do(Step step)
        {
            Protection rights = step.Rights switch { 0 => Protection.None, 1 => R, _ => RW };
            int end = step.At + step.Length;
            bool hole = _pages.AsSpan(step.At, step.Length).Contains(null);
            switch (step.Call)
            {
                case Call.Map:
                    _test.Map(step.At, step.Length, rights, step.Shared ? TestSpace.Shared : TestSpace.Private);
                    for (int i = step.At; i < end; i++) _pages[i] = new PageModel(rights, step.Shared, new byte[1]);
                    break;
                case Call.Unmap:
                    _test.Unmap(step.At, step.Length);
                    _pages.AsSpan(step.At, step.Length).Clear();
                    break;
                case Call.Protect:
                    Assert.Equal(hole ? Errno.ENOMEM : Errno.None, _test.TryProtect(step.At, step.Length, rights));
                    for (int i = step.At; i < end && _pages[i] is { } page; i++) _pages[i] = page with { Rights = rights };
                    break;
                case Call.Move:
                    Move(step);
                    break;
                case Call.Copy:
                    bool isShared = _pages[step.At] is { Shared: true };
                    Errno expected = _pages[step.At] is null ? Errno.EFAULT : isShared ? Errno.None : Errno.EINVAL;
                    if (step.To == step.At) break;
                    Errno result = _test.TryRemap(step.At, 0, 1, RemapFlags.MayMove | RemapFlags.Fixed, step.To);
                    Assert.Equal(expected, result);
                    if (result == Errno.None) _pages[step.To] = _pages[step.At];
                    break;
                case Call.Drop:
                    Assert.Equal(hole ? Errno.ENOMEM : Errno.None, _test.TryAdvise(step.At, step.Length, Advice.DontNeed));
                    for (int i = step.At; i < end; i++)
                    {
                        if (_pages[i] is { Shared: false } page) page.Contents[0] = 0;
                    }

                    break;
                case Call.Write or Call.WriteAgain:
                    Write(step.At, ++_next);
                    break;
                case Call.Read:
                    Check(_test.Accessor, _pages, step.At);
                    break;
                case Call.Fork when _children.Count < 3:
                    _children.Add((_test.Space.Fork(), Array.ConvertAll(_pages, page => page?.Forked())));
                    break;
            }

            CheckAreas(_test.Space, _pages);
        }

        public void Dispose()
        {
            for (int i = 0; i < Pages; i++) Check(_test.Accessor, _pages, i);
            foreach ((AddressSpace space, PageModel?[] pages) in _children)
            {
                CheckAreas(space, pages);
                using (MemoryAccessor accessor = space.CreateAccessor())
                {
                    for (int i = 0; i < Pages; i++) Check(accessor, pages, i);
                }

                space.Dispose();
            }

            _test.Dispose();
        }

        private void Move(Step step)
        {
            int length = Math.Min(step.Length, Pages - step.To);
            bool overlaps = step.To < step.At + length && step.At < step.To + length;
            Errno expected = overlaps ? Errno.EINVAL : _pages[step.At] is null ? Errno.EFAULT : Errno.None;
            Assert.Equal(expected, _test.TryRemap(step.At, length, length, RemapFlags.MayMove | RemapFlags.Fixed, step.To));
            if (expected != Errno.None) return;

            // What lies at the target under a hole of the source stays.
            for (int i = 0; i < length; i++)
            {
                if (_pages[step.At + i] is not { } page) continue;
                _pages[step.To + i] = page;
                _pages[step.At + i] = null;
            }
        }

        private void Write(int page, byte value)
        {
            if (_pages[page] is { } model && model.Rights.HasFlag(Protection.Write))
            {
                _test.Accessor.Write(TestSpace.At(page), value);
                model.Contents[0] = value;
            }
            else
            {
                Assert.Throws<MemoryFaultException>(() => _test.Accessor.Write(TestSpace.At(page), value));
            }
        }

        private static void Check(MemoryAccessor accessor, PageModel?[] pages, int page)
        {
            if (pages[page] is { } model && model.Rights != Protection.None)
            {
                Assert.Equal(model.Contents[0], accessor.Read<byte>(TestSpace.At(page)));
            }
            else
            {
                FaultSignal signal = Assert.Throws<MemoryFaultException>(() => accessor.Read<byte>(TestSpace.At(page))).Signal;
                Assert.Equal(pages[page] is null ? FaultSignal.NotMapped : FaultSignal.NotPermitted, signal);
            }
        }

        private static void CheckAreas(AddressSpace space, PageModel?[] pages)
        {
            AssertUsage(space);
            var found = new (Protection, bool)?[Pages];
            foreach (AreaInfo area in space.ListAreas())
            {
                for (ulong address = area.Start; address < area.End; address += P) found[(address - Window) / P] = (area.Protection, area.IsShared);
            }

            Assert.Equal(Array.ConvertAll(pages, page => page is null ? ((Protection, bool)?)null : (page.Rights, page.Shared)), found);
            AssertMerged(space);
        }

        /// <summary>No two neighbours are left that Linux would have made one.</summary>
        private static void AssertMerged(AddressSpace space)
        {
            VmArea? previous = null;
            foreach (VmArea area in space.Areas.Range(0, UserSpace.End))
            {
                Assert.False(VmArea.IsOdd(area.ReadSequence()), "An area was left odd.");
                if (previous is not null)
                {
                    (AnonVma? left, AnonVma? right) = (previous.AnonVma, area.AnonVma);
                    bool sameAnon = left == right || (left is null && right!.Parent is null) || (right is null && left!.Parent is null);
                    bool mergeable = MergeRules.Continues(AreaShape.Of(previous, left), AreaShape.Of(area, right)) && sameAnon;
                    Assert.False(mergeable, $"{previous} and {area} were left apart.");
                }

                previous = area;
            }
        }
    }
}
