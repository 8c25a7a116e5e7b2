namespace Faultline.Reclaim;

/// <summary>What reclaim has done in a memory since it was created. A snapshot.</summary>
/// <param name="SwappedOut">Pages written to a swap device whose frames were freed.</param>
/// <param name="SwappedIn">Pages read back, by faults and on behalf of calls.</param>
/// <param name="Dropped">Pages that <see cref="Advice.Free"/> allowed to forget, forgotten.</param>
/// <param name="FilePagesDropped">Pages of files whose frames were freed, since the file has them.</param>
/// <param name="FilePagesWritten">Changed pages of files that were written back to be dropped.</param>
/// <param name="Scanned">Frames that reclaim looked at.</param>
/// <param name="DirectReclaims">Times that a thread which wanted a frame had to reclaim itself.</param>
/// <param name="SwapSlots">Pages that the swap devices can hold.</param>
/// <param name="FreeSwapSlots">Pages that they could take now.</param>
public sealed record ReclaimStatistics(
    long SwappedOut, long SwappedIn, long Dropped, long FilePagesDropped, long FilePagesWritten, long Scanned, long DirectReclaims, long SwapSlots, long FreeSwapSlots);
