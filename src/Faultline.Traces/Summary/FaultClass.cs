namespace Faultline.Traces;

/// <summary>Words for a fault's error code.</summary>
public static class FaultClass
{
    /// <summary>"user write, absent", "user write, present without the right", "kernel read, absent" …</summary>
    public static string Describe(FaultCode code)
    {
        var mode = (code & FaultCode.User) != 0 ? "user" : "kernel";
        var access = (code & FaultCode.Fetch) != 0 ? "fetch" : (code & FaultCode.Write) != 0 ? "write" : "read";
        var state = (code & FaultCode.ProtectionKey) != 0 ? "protection key"
            : (code & FaultCode.Reserved) != 0 ? "reserved bit"
            : (code & FaultCode.Protection) != 0 ? "present without the right" : "absent";
        return $"{mode} {access}, {state}";
    }
}
