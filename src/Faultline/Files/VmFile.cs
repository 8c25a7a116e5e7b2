namespace Faultline.Files;

/// <summary>An object whose pages areas map: the role of Linux's <c>file</c> with its <c>address_space</c>.</summary>
internal abstract class VmFile
{
}
