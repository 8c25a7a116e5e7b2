using CsCheck;
using Faultline.Physical;

namespace Faultline.Tests.Physical;

public unsafe class FrameContentsTests
{
    private static readonly Gen<byte[]> s_contents = Gen.Byte.Array[3 * 4096];

    [Fact]
    public void ZeroClearsTheFrameAndNothingElse() => CheckZero(&FrameContents.Zero);

    [Fact]
    public void ZeroNonTemporalClearsTheFrameAndNothingElse() => CheckZero(&FrameContents.ZeroNonTemporal);

    [Fact]
    public void CopyCopiesTheFrameAndNothingElse()
    {
        using var block = new NativeBlock(4 * 4096, 4096);
        nint at = (nint)block.Start;
        s_contents.Sample(
            contents =>
            {
                var bytes = new Span<byte>((byte*)at, contents.Length);
                contents.CopyTo(bytes);
                byte* source = (byte*)at + contents.Length;
                contents.AsSpan(0, 4096).CopyTo(new Span<byte>(source, 4096));
                FrameContents.Copy((byte*)at + 4096, source);
                contents.AsSpan(0, 4096).CopyTo(contents.AsSpan(4096));
                Assert.Equal(contents, bytes.ToArray());
            },
            iter: 100,
            threads: 1);
    }

    [Fact]
    public void IndexOfOtherFindsTheFirstByteThatDiffers()
    {
        using var block = new NativeBlock(4096, 4096);
        nint at = (nint)block.Start;
        Gen.Int[0, 4095].Sample(
            offset =>
            {
                new Span<byte>((byte*)at, 4096).Fill(3);
                Assert.Equal(-1, FrameContents.IndexOfOther((byte*)at, 3));
                ((byte*)at)[offset] = 4;
                ((byte*)at)[4095] = 4;
                Assert.Equal(offset, FrameContents.IndexOfOther((byte*)at, 3));
            },
            threads: 1);
    }

    private static void CheckZero(delegate*<byte*, void> zero)
    {
        using var block = new NativeBlock(3 * 4096, 4096);
        nint at = (nint)block.Start;
        nint function = (nint)zero;
        s_contents.Sample(
            contents =>
            {
                var bytes = new Span<byte>((byte*)at, contents.Length);
                contents.CopyTo(bytes);
                ((delegate*<byte*, void>)function)((byte*)at + 4096);
                contents.AsSpan(4096, 4096).Clear();
                Assert.Equal(contents, bytes.ToArray());
            },
            iter: 100,
            threads: 1);
    }
}
