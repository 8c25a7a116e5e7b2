// One process of the host is driven from one thread: tests beside it would only take its processor.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
