namespace Faultline.Checker;

/// <summary>Follows a printed schedule; past its end nothing is disturbed.</summary>
internal sealed class ReplayPicker(byte[] choices) : Picker
{
    private int _next;

    public override bool HasEnd => true;

    public override bool Begin() => true;

    public override int Pick(ReadOnlySpan<Choice> options)
    {
        if (_next == choices.Length) return 0;

        byte agent = choices[_next++];
        for (int i = 0; i < options.Length; i++)
        {
            if (options[i].Agent == agent) return i;
        }

        return -1;
    }
}
