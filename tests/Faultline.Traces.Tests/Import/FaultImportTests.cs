using static Faultline.Traces.Tests.Perf;

namespace Faultline.Traces.Tests;

public class FaultImportTests
{
    [Fact]
    public void WhenAUserFaultIsReadThenItsCodeTellsTheAccess()
    {
        var fault = ImportLines(Line(7, "exceptions:page_fault_user: address=0x7fb5cd7b9b70 ip=0x7fb5cd7b9b71 error_code=0x14"))[0].Fault;
        Assert.Equal((0x7fb5cd7b9b70UL, 0x7fb5cd7b9b71UL), (fault.Address, fault.Instruction));
        Assert.Equal((true, false, false, false), (fault.IsFetch, fault.IsWrite, fault.IsProtection, fault.IsKernel));
    }

    [Fact]
    public void WhenAKernelFaultIsReadThenItsFunctionIsKept()
    {
        var recording = ImportLines(Line(7, "exceptions:page_fault_kernel: address=0x7ffc3ad7ae89 ip=_copy_to_user error_code=0x3"));
        var fault = recording[0].Fault;
        Assert.Equal("_copy_to_user", recording.Strings[fault.Symbol]);
        Assert.Equal((0UL, true, true, true), (fault.Instruction, fault.IsKernel, fault.IsWrite, fault.IsProtection));
    }

    [Fact]
    public void WhenTheAddressIsTheKernelsOwnThenItIsCountedAndNotKept()
    {
        var recording = ImportLines(
            Line(7, "exceptions:page_fault_kernel: address=vsyscall_page ip=_copy_to_user error_code=0x3"),
            Line(8, "exceptions:page_fault_user: address=0x1 ip=0x2 error_code=0x4"));
        Assert.Single(recording.Events.ToArray());
        Assert.Equal(1, recording.Totals.Ignored["exceptions:page_fault_kernel"]);
    }
}
