// A controlled thread spins a little for its baton: explorations side by side on two cores would slow each other down.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
