namespace Faultline.Tests.Translation;

/// <summary>Spans of guest memory that a session lends.</summary>
public class GuestSpanTests
{
    [Fact]
    public void WhenASpanIsLentThenItEndsWithItsPageAndIsTheGuestsMemory()
    {
        using var guest = new Guest();
        guest.Map(0, 2);
        guest.Touch(0, 2);
        using (MemoryAccessor.Session session = guest.Cpu.OpenSession())
        {
            Assert.True(session.TryGetSpan(Guest.At(0) + 4000, 200, AccessKind.Write, out GuestSpan span));
            Assert.Equal(96, span.Bytes.Length);
            span.WritableBytes.Fill(0x77);
            Assert.True(session.TryGetSpan(Guest.At(0) + 4000, 1, AccessKind.Read, out span));
            Assert.Equal(0x77, Assert.Single(span.Bytes.ToArray()));
        }

        Assert.Equal(0x7777_7777u, guest.Cpu.Read<uint>(Guest.At(0) + 4092));
        Assert.Equal(Guest.WordOf(1), guest.Cpu.Read<ulong>(Guest.At(1)));
    }

    [Fact]
    public void WhenASpanWasOpenedForReadingThenItCannotBeWritten()
    {
        using var guest = new Guest();
        guest.Map(0, 1, Protection.Read | Protection.Execute);
        guest.Cpu.Fetch<byte>(Guest.At(0));
        using MemoryAccessor.Session session = guest.Cpu.OpenSession();
        foreach (AccessKind kind in new[] { AccessKind.Read, AccessKind.Execute })
        {
            Assert.True(session.TryGetSpan(Guest.At(0), 8, kind, out GuestSpan span));
            Assert.Equal(8, span.Bytes.Length);
            AssertNotWritable(span);
        }

        AssertLengthRefused(session);
    }

    private static void AssertNotWritable(GuestSpan span)
    {
        try
        {
            _ = span.WritableBytes;
            Assert.Fail("The page may be the zero page.");
        }
        catch (InvalidOperationException)
        {
        }
    }

    private static void AssertLengthRefused(MemoryAccessor.Session session)
    {
        try
        {
            session.TryGetSpan(Guest.At(0), 0, AccessKind.Read, out _);
            Assert.Fail("A span of no bytes has no page.");
        }
        catch (ArgumentOutOfRangeException)
        {
        }
    }

    /// <summary>A copy loop as a user writes it, against a copy of arrays.</summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenARangeIsCopiedBySpansThenAllBytesArrive(FaultDesign design)
    {
        const int Length = 5 * Page.Size;
        const ulong From = Guest.Base + 123, To = Guest.Base + (8 * Page.Size) + 3001;
        using var guest = new Guest(design);
        guest.Map(0, 16);
        byte[] expected = [.. Enumerable.Range(0, Length).Select(i => (byte)(i * 31))];
        guest.Cpu.CopyFrom(expected, From);
        using (MemoryAccessor.Session session = guest.Cpu.OpenSession())
        {
            for (int done = 0; done < Length;)
            {
                if (session.TryGetSpans(From + (ulong)done, To + (ulong)done, Length - done, out GuestSpan from, out GuestSpan to))
                {
                    Assert.Equal(from.Bytes.Length, to.Bytes.Length);
                    from.Bytes.CopyTo(to.WritableBytes);
                    done += from.Bytes.Length;
                }
                else
                {
                    session.Renew(From + (ulong)done, To + (ulong)done);
                }
            }
        }

        byte[] found = new byte[Length];
        guest.Cpu.CopyTo(To, found);
        Assert.Equal(expected, found);
    }

#if DEBUG
    [Fact]
    public void WhenTheSessionIsRenewedThenADebugBuildFindsTheOldSpans()
    {
        using var guest = new Guest();
        guest.Map(0, 1);
        guest.Touch(0, 1);
        GuestSpan beyond;
        using (MemoryAccessor.Session session = guest.Cpu.OpenSession())
        {
            Assert.True(session.TryGetSpan(Guest.At(0), 8, AccessKind.Write, out GuestSpan before));
            session.Renew(Guest.At(0), AccessKind.Write);
            AssertOutlived(before);
            Assert.True(session.TryGetSpan(Guest.At(0), 8, AccessKind.Write, out beyond));
            Assert.Equal(8, beyond.Bytes.Length);
        }

        AssertOutlived(beyond);
    }

    private static void AssertOutlived(GuestSpan span)
    {
        bool found = false;
        try
        {
            _ = span.Bytes;
        }
        catch (Exception)
        {
            found = true;
        }

        Assert.True(found, "The span's page may belong to somebody else.");
    }
#endif
}
