using CsCheck;
using Faultline.Files;
using Faultline.Tests.Swap;

namespace Faultline.Tests.Files;

/// <summary>Calls on a file and accesses through its mappings, in any order, against arrays of bytes.</summary>
public class FileModelTests
{
    private const int P = Page.Size;
    private const int Pages = 5;
    private const int Bytes = Pages * P;
    private const int PrivateAt = 8;

    private enum Call
    {
        Write,
        Read,
        SetLength,
        PunchHole,
        WriteShared,
        ReadShared,
        WritePrivate,
        ReadPrivate,
        Flush,
        Forget,
        Reclaim,
    }

    private static readonly Gen<(Call Call, int Offset, int Length, byte Value)[]> s_program = Gen.Select(
        Gen.Enum<Call>(),
        Gen.OneOf(Gen.Int[0, Bytes - 1], Gen.Int[0, Pages - 1].Select(page => page * P)),
        Gen.OneOf(Gen.Int[0, 100], Gen.Int[0, Bytes]),
        Gen.Byte[1, 255]).Array[0, 60];

    [Theory]
    [ClassData(typeof(Designs))]
    public void AMemoryFileAgreesWithArrays(FaultDesign design) =>
        s_program.Sample(program =>
        {
            using var device = new TestSwapDevice(64);
            using var guest = new Guest(design, frames: 256, swap: device);
            using var file = new MemoryFile(guest.Memory, length: 2 * P);
            Run(program, guest, file, new byte[2 * P], stored: null);
        }, iter: 60);

    [Theory]
    [ClassData(typeof(Designs))]
    public void AFileThatIsWrittenBackAgreesWithArrays(FaultDesign design) =>
        s_program.Sample(program =>
        {
            using var guest = new Guest(design, frames: 256);
            byte[] contents = [.. Enumerable.Range(0, (2 * P) + 77).Select(i => (byte)(i * 7))];
            using var file = new StoredFile(guest.Memory, [.. contents]);
            Run(program, guest, file, contents, file);
        }, iter: 60);

    private static void Run((Call, int, int, byte)[] program, Guest guest, VmFile file, byte[] model, StoredFile? stored)
    {
        byte[]?[] copies = new byte[Pages][];
        guest.Space.Map(Guest.At(0), Bytes, Protection.ReadWrite, Guest.Shared, file, 0);
        guest.Space.Map(Guest.At(PrivateAt), Bytes, Protection.ReadWrite, Guest.Private, file, 0);
        foreach ((Call call, int offset, int length, byte value) in program)
        {
            int page = offset / P, end = Math.Min(offset + length, Bytes);
            switch (call)
            {
                case Call.Write:
                    if (end > model.Length && end > offset) Array.Resize(ref model, end);
                    if (end > offset) model.AsSpan(offset..end).Fill(value);
                    file.Write((ulong)offset, Enumerable.Repeat(value, end - offset).ToArray());
                    break;
                case Call.Read:
                    byte[] read = new byte[end - offset];
                    int got = file.Read((ulong)offset, read);
                    Assert.Equal(model.AsSpan()[Math.Min(offset, model.Length)..Math.Min(end, model.Length)], read.AsSpan(0, got));
                    break;
                case Call.SetLength:
                    Array.Resize(ref model, offset);
                    file.SetLength((ulong)offset);
                    for (int i = (offset + P - 1) / P; i < Pages; i++) copies[i] = null;
                    break;
                case Call.PunchHole when stored is null:
                    model.AsSpan()[Math.Min(offset, model.Length)..Math.Min(end, model.Length)].Clear();
                    file.PunchHole((ulong)offset, (ulong)(end - offset));
                    break;
                case Call.WriteShared when offset < model.Length:
                    model[offset] = value;
                    guest.Cpu.Write(Guest.At(0) + (ulong)offset, value);
                    break;
                case Call.ReadShared when offset < model.Length:
                    Assert.Equal(model[offset], guest.Cpu.Read<byte>(Guest.At(0) + (ulong)offset));
                    break;
                case Call.WritePrivate when page * P < model.Length:
                    if (copies[page] is null)
                    {
                        copies[page] = new byte[P];
                        model.AsSpan()[(page * P)..Math.Min((page + 1) * P, model.Length)].CopyTo(copies[page]);
                    }

                    copies[page]![offset % P] = value;
                    guest.Cpu.Write(Guest.At(PrivateAt) + (ulong)offset, value);
                    break;
                case Call.ReadPrivate when offset < model.Length:
                    Assert.Equal(copies[page]?[offset % P] ?? model[offset], guest.Cpu.Read<byte>(Guest.At(PrivateAt) + (ulong)offset));
                    break;
                case Call.Flush:
                    file.Flush();
                    if (stored is not null) Assert.Equal(model, stored.Contents);
                    break;
                case Call.Forget:
                    guest.Advise(0, Pages, Advice.DontNeed);
                    break;
                case Call.Reclaim:
                    guest.Memory.Reclaimer.Free(1 + (length % (2 * Pages)));
                    break;
            }

            Assert.Equal((ulong)model.Length, file.Length);
        }
    }
}
