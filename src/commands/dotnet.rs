//! dotnet (<https://learn.microsoft.com/en-us/dotnet/core/tools/dotnet>) and nuget
//! (<https://learn.microsoft.com/en-us/nuget/reference/nuget-exe-cli-reference>).

use super::arguments::{Arguments, Grammar};
use super::cache::{Cache, Caching, Look, Unknown};
use super::wrappers::Call;
use super::{Invocation, Tool, Verb};

static DOTNET: Grammar = Grammar {
    valued: &[
        "-c",
        "--configuration",
        "-o",
        "--output",
        "-r",
        "--runtime",
        "-f",
        "--framework",
        "-a",
        "--arch",
        "--os",
        "-s",
        "--source",
        "--packages",
        "--configfile",
        "-v",
        "--verbosity",
        "--tool-path",
        "--version",
        "--add-source",
        "--project",
        "--version-suffix",
        "--artifacts-path",
        "-l",
        "--logger",
        "--filter",
        "--settings",
        "--results-directory",
        "--manifest",
        "--context",
        "--startup-project",
        "-k",
        "--api-key",
        "--collect",
        "--from-rollback-file",
        "--property",
        "-n",
        "--name",
        "-u",
        "-p",
        "--lock-file-path",
        "--target-framework",
    ],
    plain: &[
        "--self-contained",
        "--no-self-contained",
        "--sc",
        "--disable-parallel",
        "--no-cache",
        "--no-http-cache",
        "--no-restore",
        "--no-build",
        "--no-dependencies",
        "--nologo",
        "-nologo",
        "--force",
        "--ignore-failed-sources",
        "--interactive",
        "--use-current-runtime",
        "--ucr",
        "--use-lock-file",
        "--locked-mode",
        "-g",
        "--global",
        "--local",
        "--create-manifest-if-needed",
        "--allow-downgrade",
        "--no-incremental",
        "--disable-build-servers",
        "-m",
        "-maxcpucount",
        "-restore",
        "--include-symbols",
        "--include-source",
        "--info",
        "--list-sdks",
        "--list-runtimes",
        "-h",
        "--help",
        "--store-password-in-clear-text",
        "--skip-manifest-update",
        "-d",
        "--skip-duplicate",
        "--force-evaluate",
        "--clear",
        "--trust",
        "--no-launch-profile",
        "--sdk",
        "--no-logo",
    ],
    clusters: false,
};

static NUGET: Grammar = Grammar {
    valued: &[
        "-PackagesDirectory",
        "-OutputDirectory",
        "-Source",
        "-ConfigFile",
        "-SolutionDirectory",
        "-MSBuildVersion",
        "-Version",
        "-Verbosity",
        "-Name",
        "-UserName",
        "-Password",
    ],
    plain: &["-NonInteractive", "-NoCache", "-DirectDownload", "-DisableParallelProcessing", "-ExcludeVersion"],
    clusters: false,
};

pub(super) fn dotnet(call: Call<'_>) -> Option<Invocation> {
    let mut arguments = Arguments::new(call, &DOTNET);
    let verb = match arguments.verb()?.as_deref() {
        Some("restore" | "workload") => Verb::Install,
        Some("build" | "publish" | "pack" | "msbuild") => Verb::Build,
        Some("test" | "run" | "watch" | "vstest" | "ef" | "exec") => Verb::Run,
        Some("tool") => match arguments.verb()?.as_deref() {
            Some("install" | "restore" | "update") => Verb::Install,
            Some("run") => Verb::Run,
            _ => Verb::Other,
        },
        Some("nuget") => match arguments.verb()?.as_deref() {
            Some("locals") => Verb::Clean,
            _ => Verb::Configure,
        },
        Some("add" | "new" | "sln" | "remove" | "dev-certs" | "build-server") => Verb::Configure,
        Some("clean") => Verb::Remove,
        Some("list" | "--info" | "help") | None => Verb::Query,
        Some(_) => Verb::Other,
    };
    Some(arguments.finish(Tool::Dotnet, verb))
}

pub(super) fn nuget(call: Call<'_>) -> Option<Invocation> {
    let mut arguments = Arguments::new(call, &NUGET);
    let verb = match arguments.verb()?.as_deref() {
        Some("restore" | "install") => Verb::Install,
        Some("update") => Verb::Upgrade,
        Some("locals") => Verb::Clean,
        Some("sources" | "config") => Verb::Configure,
        _ => Verb::Other,
    };
    Some(arguments.finish(Tool::Nuget, verb))
}

/// <https://learn.microsoft.com/en-us/nuget/consume-packages/managing-the-global-packages-and-cache-folders>
pub(super) fn caching(look: Look<'_>) -> Option<Result<Caching, Unknown>> {
    let it = look.invocation;
    let app = it.subcommand.ends_with(".dll");
    if look.skips(&[Verb::Install, Verb::Build, Verb::Run]) || app || &*it.subcommand == "exec" {
        return None;
    }
    Some((|| {
        let mut directory = look.flag_path(&["--packages"])?;
        if directory.is_none() {
            directory = look.path("NUGET_PACKAGES")?;
        }
        let directory = directory.map_or_else(|| Ok(format!("{}/.nuget/packages", look.home()?)), Ok::<_, Unknown>)?;
        Ok(Caching::on([Cache::store(directory)]))
    })())
}

#[cfg(test)]
mod tests {
    use super::super::tests::show;

    #[test]
    fn command_lines() {
        for (text, expected) in [
            ("dotnet restore", "Dotnet Install restore"),
            ("dotnet restore \"./A.csproj\" -r linux-x64", "Dotnet Install restore -r=linux-x64 | ./A.csproj"),
            (
                "dotnet publish -c Release -o /out --no-restore /p:UseAppHost=false",
                "Dotnet Build publish -c=Release -o=/out --no-restore | /p:UseAppHost=false",
            ),
            ("dotnet build A.csproj -c $BUILD_CONFIGURATION", "Dotnet Build build -c=?$BUILD_CONFIGURATION | A.csproj"),
            ("dotnet tool install -g dotnet-ef", "Dotnet Install tool install -g | dotnet-ef"),
            ("dotnet publish -p:X=y", "Dotnet Build publish -p:X=y"),
            ("nuget restore -PackagesDirectory ../p", "Nuget Install restore -PackagesDirectory=../p"),
        ] {
            assert_eq!(show(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn caches() {
        use super::super::cache::{Yarn, tests::table};
        table(
            "FROM mcr.microsoft.com/dotnet/sdk:8.0",
            Yarn::Unknown,
            &[
                ("RUN dotnet restore", "/root/.nuget/packages!"),
                ("RUN dotnet publish -c Release --no-restore", "/root/.nuget/packages!"),
                ("ENV NUGET_PACKAGES=/n\nRUN dotnet restore", "/n!"),
                ("RUN dotnet --info", "nothing"),
            ],
        );
    }
}
