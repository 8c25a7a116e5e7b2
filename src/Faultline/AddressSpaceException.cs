namespace Faultline;

/// <summary>An address-space call failed as the Linux system call would have: with an errno. Nothing was changed unless the call's
/// documentation says so.</summary>
public sealed class AddressSpaceException : Exception
{
    /// <summary>Creates the exception for a call that returned <paramref name="error"/>.</summary>
    public AddressSpaceException(string call, Errno error)
        : base($"{call}: {error}")
    {
        Call = call;
        Error = error;
    }

    /// <summary>The Linux name of the call, such as <c>mmap</c>.</summary>
    public string Call { get; }

    /// <summary>The Linux error number.</summary>
    public Errno Error { get; }
}
