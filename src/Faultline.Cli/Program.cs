using System.Runtime.InteropServices;
using Faultline.Cli;

using var interrupts = new Interrupts();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Raise);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Raise);

// Set instead of passed: the tables ask whether their writer is the console's.
Console.SetOut(StandardWriter.Output(Console.Out));
Console.SetError(StandardWriter.Error(Console.Error));
return CommandLine.Run(args, new CliContext(Console.Out, Console.Error, !Console.IsErrorRedirected, interrupts));

// The verb removes what it began and returns; the default action, which is for one that does not return, would leave it behind.
void Raise(PosixSignalContext signal) => signal.Cancel = interrupts.Raise();
