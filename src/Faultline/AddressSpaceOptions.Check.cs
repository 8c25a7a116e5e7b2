using Faultline.Areas;

namespace Faultline;

public sealed partial class AddressSpaceOptions
{
    /// <summary>Refuses what no space can obey, before anything is made.</summary>
    /// <exception cref="ArgumentException">An option has a value that is not legal; the message names both.</exception>
    internal void Check()
    {
        CheckEnum(Design, nameof(Design));
        CheckEnum(WriterLock, nameof(WriterLock));
        if (!new DesignPair(Design, WriterLock).IsLegal)
        {
            throw new ArgumentException(
                "AreaLock needs WriterLock.MmapLock: a writer waits for the readers of one area after the other, which two writers under ranges could do in opposite orders.");
        }

        CheckAddress(MmapBase, nameof(MmapBase));
        CheckAddress(MinimumAddress, nameof(MinimumAddress));
        if (MaximumAreas < 0) throw Illegal(nameof(MaximumAreas), $"{MaximumAreas}", "0 and more");
        if (Limits is null) throw Illegal(nameof(Limits), "null", "an object, such as the default");
    }

    private static void CheckEnum<T>(T value, string option)
        where T : struct, Enum
    {
        if (!Enum.IsDefined(value)) throw Illegal(option, $"{value}", string.Join(", ", Enum.GetNames<T>()));
    }

    private static void CheckAddress(ulong value, string option)
    {
        if (!Page.IsAligned(value) || value > UserSpace.End) throw Illegal(option, $"0x{value:x}", $"multiples of {Page.Size} up to 0x{UserSpace.End:x}");
    }

    private static ArgumentException Illegal(string option, string value, string legal) => new($"AddressSpaceOptions.{option} is {value}. Legal: {legal}.");
}
