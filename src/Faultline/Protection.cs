namespace Faultline;

/// <summary>Rights of an area: Linux <c>PROT_*</c>, same values.</summary>
[Flags]
public enum Protection
{
    /// <summary>No access (<c>PROT_NONE</c>).</summary>
    None = 0,

    /// <summary>Pages may be read (<c>PROT_READ</c>).</summary>
    Read = 1,

    /// <summary>Pages may be written (<c>PROT_WRITE</c>); on x86-64, as here, readable too.</summary>
    Write = 2,

    /// <summary>Pages may be executed (<c>PROT_EXEC</c>).</summary>
    Execute = 4,

    /// <summary>Read and write.</summary>
    ReadWrite = Read | Write,

    /// <summary>For <see cref="AddressSpace.TryProtect"/> only: from the start of the area, which must grow downwards (<c>PROT_GROWSDOWN</c>).</summary>
    GrowsDown = 0x0100_0000,
}
