using System.Buffers.Binary;
using Faultline.Files;
using Faultline.Physical;

namespace Faultline.Tests.Files;

/// <summary>A device whose frames hold a word that tells which they are.</summary>
internal static class TestDevice
{
    public const int Frames = 600;

    public static DeviceMemory Create(PhysicalMemory memory, bool mixed = false, int frames = Frames)
    {
        var device = new DeviceMemory(memory, "/dev/test", new FileIdentity(0, 6, 77), frames, mixed ? 8 : 0);
        for (int i = 0; i < frames; i++) Write(device, i, WordOf(i));
        return device;
    }

    public static ulong WordOf(int frame) => 0xdede_0000_0000UL | (uint)frame;

    public static void Write(DeviceMemory device, int frame, ulong word)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, word);
        device.CopyFrom(bytes, (ulong)frame << Page.Shift);
    }

    public static ulong Read(DeviceMemory device, int frame)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        device.CopyTo((ulong)frame << Page.Shift, bytes);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }
}
