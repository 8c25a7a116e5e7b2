namespace Faultline.Differential.Programs;

/// <summary>Takes steps away as long as the program still fails: first halves, at the end single steps.</summary>
internal static class Reducer
{
    public static CallProgram Reduce(CallProgram program, Func<CallProgram, bool> fails)
    {
        int size = Math.Max(1, program.Steps.Count / 2);
        while (true)
        {
            bool removed = false;
            for (int start = 0; start < program.Steps.Count;)
            {
                Step[] rest = [.. program.Steps.Take(start), .. program.Steps.Skip(start + size)];
                CallProgram smaller = program with { Steps = rest };
                if (fails(smaller))
                {
                    program = smaller;
                    removed = true;
                }
                else
                {
                    start += size;
                }
            }

            if (size == 1 && !removed) return program;
            size = Math.Max(1, size / 2);
        }
    }
}
