#:sdk Microsoft.NET.Sdk.Web
#:property PublishAot=false

// An HTTP service on the loopback interface and eight clients that ask it 250 times each.
var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.ClearProviders();
builder.WebHost.UseUrls("http://127.0.0.1:0");
var service = builder.Build();
service.MapGet("/squares/{count:int}", (int count) => string.Join(',', Enumerable.Range(0, count).Select(i => i * i)));
await service.StartAsync();

using var client = new HttpClient { BaseAddress = new Uri(service.Urls.First()) };
var lengths = await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
{
    var length = 0;
    for (var i = 0; i < 250; i++) length += (await client.GetStringAsync($"/squares/{i}")).Length;
    return length;
}));
Console.WriteLine(lengths.Sum());
await service.StopAsync();
