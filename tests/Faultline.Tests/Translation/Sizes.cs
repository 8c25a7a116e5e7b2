using System.Runtime.InteropServices;

namespace Faultline.Tests.Translation;

#pragma warning disable IDE0044 // filled from memory

/// <summary>Structs of sizes that are no power of two, or as large as a page and larger.</summary>
[StructLayout(LayoutKind.Sequential, Size = 3)]
internal struct Bytes3
{
    public byte First;
}

/// <inheritdoc cref="Bytes3"/>
[StructLayout(LayoutKind.Sequential, Size = 12)]
internal struct Bytes12
{
    public byte First;
}

/// <inheritdoc cref="Bytes3"/>
[StructLayout(LayoutKind.Sequential, Size = 24)]
internal struct Bytes24
{
    public byte First;
}

/// <inheritdoc cref="Bytes3"/>
[StructLayout(LayoutKind.Sequential, Size = 4095)]
internal struct Bytes4095
{
    public byte First;
}

/// <inheritdoc cref="Bytes3"/>
[StructLayout(LayoutKind.Sequential, Size = 4096)]
internal struct Bytes4096
{
    public byte First;
}

/// <inheritdoc cref="Bytes3"/>
[StructLayout(LayoutKind.Sequential, Size = 5000)]
internal struct Bytes5000
{
    public byte First;
}

/// <inheritdoc cref="Bytes3"/>
[StructLayout(LayoutKind.Sequential, Size = 8192)]
internal struct Bytes8192
{
    public byte First;
}
