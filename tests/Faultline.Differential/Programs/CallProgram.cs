namespace Faultline.Differential.Programs;

/// <summary>Steps, and the text that repeats them: a step a line, <c>#</c> begins a comment.</summary>
internal sealed record CallProgram(FaultDesign Design, IReadOnlyList<Step> Steps)
{
    private const string DesignWord = "design ";

    public static CallProgram Parse(IEnumerable<string> lines)
    {
        var design = FaultDesign.AreaSequence;
        var steps = new List<Step>();
        foreach (string line in lines.Select(line => line.Split('#')[0].Trim()).Where(line => line.Length > 0))
        {
            if (line.StartsWith(DesignWord, StringComparison.Ordinal)) design = Enum.Parse<FaultDesign>(line[DesignWord.Length..]);
            else steps.Add(Step.Parse(line));
        }

        return new CallProgram(design, steps);
    }

    public override string ToString() => string.Join('\n', Steps.Select(step => step.ToString()).Prepend($"{DesignWord}{Design}")) + "\n";
}
