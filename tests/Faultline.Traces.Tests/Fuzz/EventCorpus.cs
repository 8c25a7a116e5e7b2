namespace Faultline.Traces.Tests.Fuzz;

/// <summary>The first events of a recording, taken out of it: each with its texts and with the event that its mapping line belongs to, so that any order of any of them can be written.</summary>
internal sealed class EventCorpus
{
    private EventCorpus(TraceHeader header, List<Item> items) => (Header, Items) = (header, items);

    public TraceHeader Header { get; }

    public IReadOnlyList<Item> Items { get; }

    /// <summary>Reads up to <paramref name="count"/> events from the start on: each is sound without those behind it.</summary>
    public static EventCorpus Of(string path, int count)
    {
        using var reader = TraceReader.Open(path);
        var items = new List<Item>();
        while (items.Count < count && reader.Read()) items.Add(Taken(reader, items));
        return new EventCorpus(reader.Header, items);
    }

    /// <summary>Writes a sound file: times that go back are set to the time before, calls end no earlier than they begin, a line whose owner does not stand before it has none.</summary>
    public static byte[] Write(TraceHeader header, IReadOnlyList<Item> items)
    {
        var file = new MemoryStream();
        using var writer = new TraceWriter(file, header);
        var written = new Dictionary<Item, int>(ReferenceEqualityComparer.Instance);
        long time = 0;
        foreach (Item item in items)
        {
            TraceEvent e = item.Event;
            e.Time = time = Math.Max(time, e.Time);
            Seal(ref e, item, writer, written);
            written[item] = writer.Count;
            writer.Write(e);
        }

        writer.Complete(new TraceTotals());
        return file.ToArray();
    }

    private static Item Taken(TraceReader reader, List<Item> before)
    {
        TraceEvent e = reader.Current;
        var item = new Item { Event = e };
        switch (e.Kind)
        {
            case EventKind.Mapping:
                item.Text = reader.Strings[e.Mapping.Path];
                if (e.Mapping.Owner != MappingData.NoOwner) item.Owner = before[e.Mapping.Owner];
                break;
            case EventKind.Exec:
                item.Text = reader.Strings[e.Exec.Path];
                break;
            case EventKind.Fault:
                item.Text = reader.Strings[e.Fault.Symbol];
                break;
            case EventKind.Name:
                item.Text = reader.Strings[e.Name.Name];
                break;
        }

        return item;
    }

    private static void Seal(ref TraceEvent e, Item item, TraceWriter writer, Dictionary<Item, int> written)
    {
        int text = item.Text.Length == 0 ? -1 : writer.Strings.Intern(item.Text);
        switch (e.Kind)
        {
            case EventKind.Call:
                e.Call.ExitTime = Math.Max(e.Time, e.Call.ExitTime);
                break;
            case EventKind.Mapping:
                e.Mapping.Path = text;
                e.Mapping.Owner = item.Owner is { } owner && written.TryGetValue(owner, out int at) ? at : MappingData.NoOwner;
                break;
            case EventKind.Exec:
                e.Exec.Path = e.Exec.Name = text;
                break;
            case EventKind.Fault:
                e.Fault.Symbol = text;
                break;
            case EventKind.Name:
                e.Name.Name = text;
                break;
        }
    }

    /// <summary>One event.</summary>
    internal sealed class Item
    {
        // A field, so that parts of it can be changed in place.
        public TraceEvent Event;

        /// <summary>Its only or first text; empty for none.</summary>
        public string Text { get; set; } = "";

        /// <summary>The event that a mapping line belongs to.</summary>
        public Item? Owner { get; set; }

        /// <summary>The same event once more.</summary>
        public Item Copy() => new() { Event = Event, Text = Text, Owner = Owner };
    }
}
