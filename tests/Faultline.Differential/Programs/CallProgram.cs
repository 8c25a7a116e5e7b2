namespace Faultline.Differential.Programs;

/// <summary>Steps, and the text that repeats them: a step a line, <c>#</c> begins a comment.</summary>
/// <param name="Design">The engine's.</param>
/// <param name="Steps">What is done.</param>
/// <param name="IsPrivileged">The processes keep the capabilities that the suite was started with; a line <c>unprivileged</c> takes them away.</param>
internal sealed record CallProgram(FaultDesign Design, IReadOnlyList<Step> Steps, bool IsPrivileged = true)
{
    private const string DesignWord = "design ", UnprivilegedWord = "unprivileged";

    public static CallProgram Parse(IEnumerable<string> lines)
    {
        var design = FaultDesign.AreaSequence;
        var steps = new List<Step>();
        bool isPrivileged = true;
        foreach (string line in lines.Select(line => line.Split('#')[0].Trim()).Where(line => line.Length > 0))
        {
            if (line.StartsWith(DesignWord, StringComparison.Ordinal)) design = Enum.Parse<FaultDesign>(line[DesignWord.Length..]);
            else if (line == UnprivilegedWord) isPrivileged = false;
            else steps.Add(Step.Parse(line));
        }

        return new CallProgram(design, steps, isPrivileged);
    }

    public override string ToString()
    {
        string[] head = IsPrivileged ? [$"{DesignWord}{Design}"] : [$"{DesignWord}{Design}", UnprivilegedWord];
        return string.Join('\n', head.Concat(Steps.Select(step => step.ToString()))) + "\n";
    }
}
