using System.Buffers.Binary;

namespace Faultline.Tests.Stress;

/// <summary>
/// A region of an address space that one thread uses, and what it must find there, page by page. Other threads use the same space beside it; processes that come
/// from it by fork have a model of their own.
/// </summary>
internal sealed partial class ModelProcess(AddressSpace space, int first, ModelPage[] pages, Random random, bool isChild) : IDisposable
{
    private const ulong P = Page.Size;
    private const int SignalsLeftOut = 16;

    private readonly MemoryAccessor _cpu = space.CreateAccessor();

    public bool IsChild => isChild;

    public ModelPage[] Pages => pages;

    private ulong At(int page) => Guest.At(first + page);

    /// <summary>A child with the same memory; what is locked here is not locked there.</summary>
    public ModelProcess Fork()
    {
        // The model is copied before: nobody changes this region meanwhile, and what is shared is shared afterwards too.
        var copies = (ModelPage[])pages.Clone();
        for (int page = 0; page < copies.Length; page++) copies[page].IsLocked = false;
        return new ModelProcess(space.Fork(), first, copies, random, isChild: true);
    }

    public void Access(int page, int word, ulong value)
    {
        Protection needed = random.Next(2) == 0 && pages[page].Keeps(word) ? Protection.Write : Protection.Read;

        // Most signals are left out: they cost so much time that faults would hardly happen.
        if (pages[page].Signal(needed) != FaultSignal.None && random.Next(SignalsLeftOut) != 0) return;
        if (needed == Protection.Write) Write(page, word, value);
        else Read(page, word);
    }

    /// <summary>Looks at every page whole, and for some signals.</summary>
    public void CheckAll()
    {
        for (int page = 0; page < pages.Length; page++)
        {
            if (pages[page].Signal(Protection.Read) == FaultSignal.None || random.Next(SignalsLeftOut) == 0) Check(page);
        }
    }

    /// <summary>The words, and zero between them: nothing of anybody else's.</summary>
    public void Check(int page)
    {
        byte[] contents = new byte[P];
        if (!Expect(page, Protection.Read, () => _cpu.CopyTo(At(page), contents))) return;
        for (int word = 0; word < ModelFile.Words; word++)
        {
            int offset = (int)ModelFile.OffsetOf(word);
            pages[page].AssertSeen(word, BinaryPrimitives.ReadUInt64LittleEndian(contents.AsSpan(offset)), Where(page));
            contents.AsSpan(offset, sizeof(ulong)).Clear();
        }

        Assert.True(!contents.AsSpan().ContainsAnyExcept((byte)0), $"{Where(page)} holds what nobody wrote.");
    }

    private void Read(int page, int word)
    {
        ulong address = At(page) + ModelFile.OffsetOf(word), found = 0;
        bool done = Expect(page, Protection.Read, () => found = random.Next(2) == 0 ? _cpu.Read<ulong>(address) : ReadInSession(address));
        if (done) pages[page].AssertSeen(word, found, Where(page));
    }

    private ulong ReadInSession(ulong address)
    {
        ulong found;
        using MemoryAccessor.Session session = _cpu.OpenSession();
        while (!session.TryRead(address, out found)) session.Renew(address, AccessKind.Read);
        return found;
    }

    private void Write(int page, int word, ulong value)
    {
        ulong address = At(page) + ModelFile.OffsetOf(word);
        bool done = Expect(page, Protection.Write, () =>
        {
            switch (random.Next(3))
            {
                case 0:
                    _cpu.Exchange(address, value);
                    break;
                case 1:
                    _cpu.CopyFrom(BitConverter.GetBytes(value), address);
                    break;
                default:
                    _cpu.Write(address, value);
                    break;
            }
        });
        if (done) pages[page].Write(word, value);
    }

    /// <summary>Exactly the signal that the model expects; true if it expects none.</summary>
    private bool Expect(int page, Protection needed, Action access)
    {
        FaultSignal expected = pages[page].Signal(needed), found = FaultSignal.None;
        try
        {
            access();
        }
        catch (MemoryFaultException exception)
        {
            found = exception.Signal;
        }

        Assert.True(found == expected, $"{Where(page)}: {found}, not {expected}. {pages[page]}");
        return found == FaultSignal.None;
    }

    private string Where(int page) => $"Page {first + page} of {(isChild ? "a child" : "its process")}";

    public void Dispose()
    {
        _cpu.Dispose();
        if (isChild) space.Dispose();
    }
}
