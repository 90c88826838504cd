var builder = WebApplication.CreateBuilder(args);
var app = builder.Build();

app.UseDefaultFiles();
app.UseStaticFiles();

app.MapGet("/forecast", () => Forecast.Days(DateOnly.FromDateTime(DateTime.Today)));
app.MapGet("/health", () => "ok");

app.Run();
