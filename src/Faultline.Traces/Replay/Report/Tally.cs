namespace Faultline.Traces.Replay;

/// <summary>Agreement as one worker saw it; the workers' tallies are added up at the end.</summary>
internal sealed class Tally(int examples)
{
    private sealed class Class
    {
        public long Count;
        public readonly List<DisagreementExample> Examples = [];
    }

    private struct Sum
    {
        public long Agreed, Raced, Repeated;
    }

    private readonly Sum[] _sums = new Sum[(int)AgreementKind.FileFaults + 1];
    private readonly Dictionary<(AgreementKind Kind, string Name), Class> _classes = [];

    public void Agree(AgreementKind kind) => _sums[(int)kind].Agreed++;

    public void CountRace(AgreementKind kind) => _sums[(int)kind].Raced++;

    public void CountRepeat(AgreementKind kind) => _sums[(int)kind].Repeated++;

    /// <summary>Notes a disagreement; the texts are asked for only while examples are wanted.</summary>
    public void Disagree(AgreementKind kind, string name, in TraceEvent e, Func<(string Linux, string Here)> example)
    {
        Class found = Find(kind, name);
        found.Count++;

        // A worker meets the events of one thread in order, but serves several: keep what comes first in the recording.
        if (found.Examples.Count >= examples && (examples == 0 || found.Examples[^1].Event < e.Index)) return;
        (string linux, string here) = example();
        Keep(found, new DisagreementExample(e.Index, e.Time, e.ThreadId, linux, here));
    }

    public void Add(Tally other)
    {
        for (int i = 0; i < _sums.Length; i++)
        {
            _sums[i].Agreed += other._sums[i].Agreed;
            _sums[i].Raced += other._sums[i].Raced;
            _sums[i].Repeated += other._sums[i].Repeated;
        }

        foreach (((AgreementKind kind, string name), Class theirs) in other._classes)
        {
            Class ours = Find(kind, name);
            ours.Count += theirs.Count;
            foreach (DisagreementExample example in theirs.Examples) Keep(ours, example);
        }
    }

    public IReadOnlyList<AgreementReport> Report() => [.. Enum.GetValues<AgreementKind>().Select(Report)];

    private AgreementReport Report(AgreementKind kind)
    {
        Sum sum = _sums[(int)kind];
        DisagreementClass[] classes =
        [
            .. _classes.Where(c => c.Key.Kind == kind)
                .Select(c => new DisagreementClass(c.Key.Name, c.Value.Count, Explanations.Of(kind, c.Key.Name), c.Value.Examples))
                .OrderByDescending(c => c.Count).ThenBy(c => c.Name, StringComparer.Ordinal),
        ];
        return new AgreementReport(kind, sum.Agreed + classes.Sum(c => c.Count), sum.Agreed, sum.Raced, sum.Repeated, classes);
    }

    private Class Find(AgreementKind kind, string name)
    {
        if (!_classes.TryGetValue((kind, name), out Class? found)) _classes.Add((kind, name), found = new Class());
        return found;
    }

    private void Keep(Class found, DisagreementExample example)
    {
        int at = found.Examples.FindIndex(e => e.Event > example.Event);
        if (at >= 0) found.Examples.Insert(at, example);
        else found.Examples.Add(example);
        if (found.Examples.Count > examples) found.Examples.RemoveAt(examples);
    }
}
