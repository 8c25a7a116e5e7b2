namespace Faultline.Differential.Host;

/// <summary>The host could not be driven; nothing is known about whether it agrees.</summary>
internal sealed class HostException(string message) : Exception(message);
