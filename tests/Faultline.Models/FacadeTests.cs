using System.Reflection;

namespace Faultline.Models;

/// <summary>The engine compiles against either façade; this keeps the two from drifting where nothing calls them yet.</summary>
public class FacadeTests
{
    private const BindingFlags Members =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    [Fact]
    public void WhenTheTwoSyncFacadesAreComparedThenTheyHaveTheSameMembers()
    {
        string[] product = Signatures("Faultline");
        string[] explorable = Signatures("Faultline.Explorable");
        Assert.NotEmpty(product);
        Assert.Equal([], product.Except(explorable).Select(signature => $"only in the product: {signature}"));
        Assert.Equal([], explorable.Except(product).Select(signature => $"only in the explorable build: {signature}"));
    }

    private static string[] Signatures(string assembly) =>
    [
        .. from type in Assembly.Load(assembly).GetTypes()
           where type.Namespace == "Faultline.Sync" && type.IsVisibleToTheEngine()
           from member in type.GetMembers(Members)
           where member.IsVisibleToTheEngine()
           orderby type.Name, member.Name
           select $"{(type.IsValueType ? "struct" : "class")} {type.Name}: {member.Describe()}",
    ];
}

file static class Reflection
{
    /// <summary>What the explorable build adds for the checker's own use is none of the product's business.</summary>
    public static bool IsVisibleToTheEngine(this Type type) =>
        !type.Name.StartsWith('<') && type.Name is not ("Mutant" or "Mutants");

    public static bool IsVisibleToTheEngine(this MemberInfo member) => member switch
    {
        MethodBase method => !method.IsPrivate,
        FieldInfo field => !field.IsPrivate,
        _ => false,
    };

    public static string Describe(this MemberInfo member) => member switch
    {
        MethodInfo method => $"{(method.IsStatic ? "static " : "")}{method} ({Names(method)})",
        ConstructorInfo constructor => $"{constructor} ({Names(constructor)})",
        _ => $"{member.MemberType} {member}",
    };

    // Callers may name arguments. Properties count by their accessors.
    private static string Names(MethodBase method) =>
        string.Join(", ", method.GetParameters().Select(parameter => parameter.Name));
}
