using System.Diagnostics;
using System.Reflection;

namespace Faultline.Checker;

/// <summary>The last operations of a schedule in words, with the place in the source that did each.</summary>
internal sealed class OperationTrace
{
    private const int Kept = 100;

    private readonly Queue<string> _lines = new();
    private readonly Dictionary<object, string> _names = [];

    public IReadOnlyList<string> LastLines() => [.. _lines];

    public void Add(int thread, string operation) => Write(thread, operation, Site());

    public void Add(int thread, string operation, in Location location, Value value) =>
        Write(thread, $"{operation} {Name(location)} {(operation == "load" ? "=" : "<-")} {value}", Site());

    public void AddModify(int thread, Update update, in Location location, Value old, Value changed)
    {
        string effect = old.Is(changed) ? $"= {old}" : $"= {old} <- {changed}";
        Write(thread, $"{update} {Name(location)} {effect}", Site());
    }

    public void AddFlush(int thread, in Location location, Value value) =>
        Write(thread, $"  {Name(location)} <- {value} reaches memory", site: "");

    private void Write(int thread, string text, string site)
    {
        if (_lines.Count == Kept) _lines.Dequeue();
        _lines.Enqueue($"  {ScheduleText.ThreadName(thread)}: {text,-44} {site}".TrimEnd());
    }

    /// <summary>Locations have no names of their own; a number in order of appearance is the same in every replay.</summary>
    private string Name(in Location location)
    {
        object key = location.Cell ?? (object)location.Address;
        if (_names.TryGetValue(key, out string? name)) return name;
        name = location.Cell is null ? $"n{_names.Count}" : $"w{_names.Count}";
        _names.Add(key, name);
        return name;
    }

    /// <summary>
    /// The nearest two callers, leaving out this assembly, the runtime, and types marked
    /// <see cref="StackTraceHiddenAttribute"/>: the façades over it.
    /// </summary>
    private static string Site()
    {
        var callers = new StackTrace(fNeedFileInfo: true).GetFrames()
            .Where(frame => frame.GetMethod()?.DeclaringType is { } type
                && type.Assembly != typeof(OperationTrace).Assembly
                && type.Assembly != typeof(object).Assembly
                && type.GetCustomAttribute<StackTraceHiddenAttribute>() is null)
            .Take(2)
            .Select(frame => $"{Name(frame.GetMethod()!)}:{frame.GetFileLineNumber()}");
        return string.Join(" < ", callers);
    }

    /// <summary>Type and method as they are written: a lambda has the name of the method around it.</summary>
    private static string Name(MethodBase method)
    {
        var type = method.DeclaringType!;
        while (type.Name.StartsWith('<') && type.DeclaringType is not null) type = type.DeclaringType;
        string name = method.Name;
        if (name.StartsWith('<')) name = name[1..name.IndexOf('>', StringComparison.Ordinal)];
        return $"{type.Name}.{name}";
    }
}
