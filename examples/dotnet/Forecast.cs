/// <summary>A day's weather.</summary>
public record Forecast(DateOnly Day, int Celsius, string Sky)
{
    private static readonly string[] Skies = ["clear", "overcast", "drizzle"];

    /// <summary>The five days from <paramref name="first"/> on.</summary>
    public static IEnumerable<Forecast> Days(DateOnly first) =>
        Enumerable.Range(0, 5).Select(i => new Forecast(first.AddDays(i), 12 + i, Skies[i % Skies.Length]));
}
