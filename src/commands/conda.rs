//! conda, mamba, micromamba: <https://docs.conda.io/projects/conda/en/stable/commands/index.html>,
//! <https://mamba.readthedocs.io/en/latest/user_guide/micromamba.html>

use super::arguments::{Arguments, Grammar};
use super::wrappers::Call;
use super::{Invocation, Tool, Verb};

static CONDA: Grammar = Grammar {
    valued: &[
        "-n",
        "--name",
        "-p",
        "--prefix",
        "-c",
        "--channel",
        "-f",
        "--file",
        "--solver",
        "--experimental-solver",
        "--platform",
        "--subdir",
        "--rc-file",
        "-r",
        "--root-prefix",
        "--revision",
        "--clone",
        "--cwd",
        "-s",
        "--shell",
        "--repodata-fn",
        "--python",
        "--channel-alias",
    ],
    plain: &[
        "-y",
        "--yes",
        "-q",
        "--quiet",
        "-v",
        "--verbose",
        "-d",
        "--dry-run",
        "--override-channels",
        "--strict-channel-priority",
        "--no-channel-priority",
        "--freeze-installed",
        "--no-update-deps",
        "--update-deps",
        "--no-update-dependencies",
        "--no-deps",
        "--only-deps",
        "--copy",
        "--offline",
        "--download-only",
        "--json",
        "--no-default-packages",
        "--all",
        "--force",
        "--force-reinstall",
        "--force-remove",
        "--prune",
        "--use-local",
        "-k",
        "--insecure",
        "--no-pin",
        "--no-py-pin",
        "-D",
        "--dev",
        "-S",
        "--satisfied-skip-solve",
        "--update-all",
        "--update-specs",
        "--clobber",
        "--always-copy",
        "--always-softlink",
        "--no-capture-output",
        "--live-stream",
        "--no-rc",
        "--no-env",
        "--system",
        "--user",
        "-h",
        "--help",
        "-V",
        "--version",
        "--no-shortcuts",
        "--retry-clean-cache",
        "--no-banner",
        "--use-index-cache",
        "-C",
    ],
    clusters: true,
};

/// `conda clean` has letters of its own: `-f` is `--force-pkgs-dirs`.
static CLEAN: Grammar = Grammar {
    valued: &[],
    plain: &[
        "-a",
        "--all",
        "-f",
        "--force-pkgs-dirs",
        "-y",
        "--yes",
        "-q",
        "--quiet",
        "-v",
        "--verbose",
        "-t",
        "--tarballs",
        "-i",
        "--index-cache",
        "-p",
        "--packages",
        "-s",
        "--source-cache",
        "-l",
        "--locks",
        "-d",
        "--dry-run",
        "--json",
        "-c",
        "--tempfiles",
        "--logfiles",
    ],
    clusters: true,
};

/// `conda config` has options that take two words.
static CONFIG: Grammar = Grammar {
    valued: &["--file"],
    plain: &[
        "--add",
        "--append",
        "--prepend",
        "--set",
        "--remove",
        "--remove-key",
        "--get",
        "--show",
        "--show-sources",
        "--system",
        "--env",
        "--describe",
        "--json",
        "-v",
        "-q",
        "--validate",
        "--write-default",
    ],
    clusters: true,
};

pub(super) fn read(call: Call<'_>) -> Option<Invocation> {
    let tool = if &*call.program == "micromamba" { Tool::Micromamba } else { Tool::Conda };
    let mut arguments = Arguments::new(call, &CONDA);
    let verb = match arguments.verb()?.as_deref() {
        Some("install" | "create" | "reinstall") => Verb::Install,
        Some("update" | "upgrade") => Verb::Upgrade,
        Some("remove" | "uninstall") => Verb::Remove,
        Some("env") => match arguments.verb()?.as_deref() {
            Some("create" | "update") => Verb::Install,
            Some("remove") => Verb::Remove,
            Some("list" | "export") => Verb::Query,
            _ => Verb::Configure,
        },
        Some("clean") => {
            arguments.switch(&CLEAN);
            Verb::Clean
        }
        Some("run") => {
            arguments.rest(true);
            Verb::Run
        }
        Some("config") => {
            arguments.switch(&CONFIG);
            Verb::Configure
        }
        Some("init" | "activate" | "deactivate" | "shell" | "rename") => Verb::Configure,
        Some("list" | "info" | "search" | "export") | None => Verb::Query,
        Some(_) => Verb::Other,
    };
    Some(arguments.finish(tool, verb))
}

#[cfg(test)]
mod tests {
    use super::super::tests::show;

    #[test]
    fn command_lines() {
        for (text, expected) in [
            ("conda install -y -c conda-forge numpy=1", "Conda Install install -y -c=conda-forge | numpy=1"),
            ("conda env create -f environment.yml", "Conda Install env create -f=environment.yml"),
            ("mamba env update -n base --file e.yml", "Conda Install env update -n=base --file=e.yml"),
            ("conda clean -afy", "Conda Clean clean -afy:-a -afy:-f -afy:-y"),
            ("conda clean --all --yes", "Conda Clean clean --all --yes"),
            ("micromamba install -y -n base -f /tmp/e.yml", "Micromamba Install install -y -n=base -f=/tmp/e.yml"),
            ("conda run -n x pip install -r r.txt", "Conda Run run -n=x | pip install -r r.txt"),
            ("conda config --add channels x", "Conda Configure config --add | channels x"),
        ] {
            assert_eq!(show(text).as_deref(), Some(expected), "{text}");
        }
    }
}
