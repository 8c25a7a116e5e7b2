namespace Faultline.Checker;

/// <summary>A managed location under control: <see cref="WordCell"/> or <see cref="ReferenceCell"/>.</summary>
public abstract class Cell
{
    private protected Cell()
    {
    }

    /// <summary>The content, past every store buffer. Used by whoever holds the baton.</summary>
    internal abstract Value Memory { get; set; }
}
