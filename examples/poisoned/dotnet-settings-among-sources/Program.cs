using System.Globalization;

var app = WebApplication.Create(args);
var theme = Path.Combine(app.Environment.ContentRootPath, "themes", app.Configuration["Theme"] + ".html");
var page = File.ReadAllText(theme);
app.MapGet("/", () => Results.Text(string.Format(new CultureInfo("de-CH"), page, DateTime.Today), "text/html"));
app.Run();
