var app = WebApplication.Create(args);
app.MapGet("/", () => DateTime.UtcNow.ToString("O"));
app.Run("http://0.0.0.0:8080");
