using System.Globalization;
using System.Text;

namespace Faultline.Checker;

/// <summary>
/// Schedules as text: the memory model, then each choice that had an alternative. <c>tso:a12Ab3</c>: thread a went on at
/// twelve points, a's oldest store reached memory, thread b went on at three.
/// </summary>
internal static class ScheduleText
{
    private const string Sc = "sc:", Tso = "tso:";

    public static char ThreadName(int thread) => (char)('a' + thread);

    public static string Format(MemoryModel model, ReadOnlySpan<byte> agents)
    {
        var text = new StringBuilder(model == MemoryModel.Tso ? Tso : Sc);
        for (int i = 0, run; i < agents.Length; i += run)
        {
            run = 1;
            while (i + run < agents.Length && agents[i + run] == agents[i]) run++;

            var choice = Choice.FromAgent(agents[i]);
            char name = ThreadName(choice.Thread);
            text.Append(choice.IsFlush ? char.ToUpperInvariant(name) : name);
            if (run > 1) text.Append(CultureInfo.InvariantCulture, $"{run}");
        }

        return text.ToString();
    }

    public static (MemoryModel Model, byte[] Choices) Parse(string schedule)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        var (model, start) =
            schedule.StartsWith(Tso, StringComparison.Ordinal) ? (MemoryModel.Tso, Tso.Length) :
            schedule.StartsWith(Sc, StringComparison.Ordinal) ? (MemoryModel.SequentiallyConsistent, Sc.Length) :
            throw new FormatException($"A schedule starts with '{Sc}' or '{Tso}'.");

        var agents = new List<byte>();
        for (int i = start; i < schedule.Length;)
        {
            char name = schedule[i++];
            if (!char.IsAsciiLetter(name)) throw new FormatException($"'{name}' at {i - 1} of a schedule names no thread.");

            int digits = i;
            while (i < schedule.Length && char.IsAsciiDigit(schedule[i])) i++;
            int run = digits == i ? 1 : int.Parse(schedule.AsSpan(digits, i - digits), CultureInfo.InvariantCulture);

            var choice = new Choice(char.ToLowerInvariant(name) - 'a', char.IsAsciiLetterUpper(name), Cost: 0);
            for (; run > 0; run--) agents.Add(choice.Agent);
        }

        return (model, [.. agents]);
    }
}
