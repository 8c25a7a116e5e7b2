namespace Faultline.Tests.Calls;

/// <summary>The calls around a user fault handler, in pages.</summary>
internal static class UserFaultCalls
{
    public static Errno Register(Guest guest, int page, int pages, UserFaultHandler handler, UserFaultModes modes) =>
        guest.Space.TryRegisterUserFault(Guest.At(page), (ulong)pages << Page.Shift, handler, modes);

    public static Errno Protect(Guest guest, int page, int pages, bool protect) =>
        guest.Space.TryUserFaultWriteProtect(Guest.At(page), (ulong)pages << Page.Shift, protect);

    public static Errno Copy(AddressSpace space, ulong address, byte value, bool writeProtect = false) =>
        space.TryUserFaultCopy(Page.Floor(address), [.. Enumerable.Repeat(value, Page.Size)], writeProtect, out _);

    /// <summary>Fills each missing page with its number.</summary>
    public static TestHandler Filling() => new(fault =>
    {
        Assert.Contains(Copy(fault.Space, fault.Address, (byte)(fault.Address >> Page.Shift)), new[] { Errno.None, Errno.EEXIST });
        return true;
    });
}
