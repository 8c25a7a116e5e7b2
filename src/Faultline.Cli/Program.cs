using System.Runtime.InteropServices;
using Faultline.Cli;

using var stop = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);

return CommandLine.Run(args, new CliContext(Console.Out, Console.Error, !Console.IsErrorRedirected, stop.Token));

// The verb sees the token, removes what it began and returns; the default action would leave it behind.
void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
}
