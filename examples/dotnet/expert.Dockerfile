FROM mcr.microsoft.com/dotnet/sdk:8.0 AS build
WORKDIR /src
COPY Weather.csproj ./
RUN --mount=type=cache,target=/root/.nuget/packages dotnet restore
COPY *.cs appsettings.json ./
COPY wwwroot ./wwwroot
RUN --mount=type=cache,target=/root/.nuget/packages \
    dotnet publish -c Release --no-restore -p:UseAppHost=false -o /out

# No shell, no package manager. Listens on 8080 (ASPNETCORE_HTTP_PORTS).
FROM mcr.microsoft.com/dotnet/aspnet:8.0-noble-chiseled
WORKDIR /app
COPY --from=build /out ./
# The image's own account, APP_UID.
USER 1654:1654
EXPOSE 8080
ENTRYPOINT ["dotnet", "Weather.dll"]
