using System.Text;
using Faultline.Differential.Programs;

namespace Faultline.Differential;

/// <summary>One of the two sides: processes that do steps and can be looked at. Both write the same text for the same state.</summary>
internal interface IMachine
{
    /// <summary>Does a step in process <paramref name="process"/>; a fork adds a process at the end, an exit takes one out.</summary>
    /// <returns>Result or errno or signal.</returns>
    string Do(int process, Step step);

    /// <summary>Writes areas, resident pages and their contents, without a change to them.</summary>
    void Describe(int process, StringBuilder text);
}
