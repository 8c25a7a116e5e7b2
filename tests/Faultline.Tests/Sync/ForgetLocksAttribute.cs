using System.Reflection;
using Faultline.Sync;
using Faultline.Tests.Ordering;
using Xunit.v3;

[assembly: ForgetLocks]

namespace Faultline.Tests.Ordering;

/// <summary>Before each test: a test that ran on this thread before may have abandoned locks of its own, which nobody waits for.</summary>
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class ForgetLocksAttribute : BeforeAfterTestAttribute
{
    /// <inheritdoc/>
    public override void Before(MethodInfo methodUnderTest, IXunitTest test) => LockOrder.Forget();
}
