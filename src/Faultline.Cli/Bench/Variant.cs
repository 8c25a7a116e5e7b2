namespace Faultline.Cli.Bench;

/// <summary>One of the things that a benchmark compares: the host, a design, a raw pointer.</summary>
/// <param name="Name">Shown in the table; a <see cref="Limit"/> refers to it.</param>
/// <param name="Measure">Does the work so many times and says what one operation took.</param>
/// <param name="Space">Whose faults and locks the report shows, of the rounds alone; null for none.</param>
internal sealed record Variant(string Name, Func<int, Reading> Measure, AddressSpace? Space = null);
