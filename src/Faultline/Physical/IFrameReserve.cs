namespace Faultline.Physical;

/// <summary>Holds frames that it could give back if asked, such as page tables that wait for the last walker.</summary>
internal interface IFrameReserve
{
    /// <summary>
    /// Frees what can be freed now and returns how many frames that were. Called by any thread that runs out of frames, outside walker
    /// sections and with the allocator's list of holders locked: must not wait for long, allocate frames, register or unregister.
    /// </summary>
    int Release();
}
