namespace Faultline;

/// <summary>How an <see cref="AddressSpace"/> behaves where Linux has a setting or a configuration.</summary>
public sealed partial class AddressSpaceOptions
{
}
