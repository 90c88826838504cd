//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::transform::Dialect;

use super::engine::BuildFlags;
use super::engine::guard::Watch;
use super::prove::TestFlags;

/// An optimizing compiler for Dockerfiles: smaller images, faster rebuilds, less privilege.
#[derive(Debug, Parser)]
#[command(
    version,
    max_term_width = 100,
    after_help = "Exit codes: 0 done, 1 --check and something would change, 2 it could not be done."
)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print what would be better as a diff, or write it
    Optimize(Optimize),
    /// Build both, compare and start the images, and measure
    Verify(Verify),
    /// Suggest what would be better in a pull request at GitHub
    Review(Review),
    /// What a production image should have: done, fixed, held or for you to do
    Checklist(Checklist),
    /// Open pull requests with what would be better, in many repositories at GitHub
    Bot(Bot),
    /// Say what a transform does, when it is safe, and why
    Explain(Explain),
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// What a run of `verify` starts to clean up after itself
    #[command(hide = true)]
    CleanUp(Watch),
}

/// Prints a unified diff on standard output and a summary on standard error. Nothing is written without `--write`.
#[derive(Debug, Args)]
pub struct Optimize {
    /// Dockerfiles, directories to search for them, or `-` for standard input
    #[arg(default_value = ".")]
    pub paths: Vec<PathBuf>,

    /// Write the result in place (to standard output for `-`)
    #[arg(short, long, conflicts_with = "check", help_heading = "Output")]
    pub write: bool,
    /// Exit with 1 if anything would change
    #[arg(long, help_heading = "Output")]
    pub check: bool,
    /// Also show what is held back, and why
    #[arg(long, help_heading = "Output")]
    pub why: bool,
    /// What to print on standard output
    #[arg(long, value_name = "FORMAT", default_value = "diff", help_heading = "Output")]
    pub format: Format,
    /// Print no summary
    #[arg(short, long, help_heading = "Output")]
    pub quiet: bool,
    /// When to use colour
    #[arg(long, value_name = "WHEN", default_value = "auto", help_heading = "Output")]
    pub color: Color,

    /// Prove it by real builds first: only what survives is applied
    #[arg(long, help_heading = "Proof")]
    pub verify: bool,
    #[command(flatten)]
    pub choose: Choose,
    #[command(flatten)]
    pub tests: TestFlags,
    #[command(flatten)]
    pub build: BuildFlags,
}

/// Builds the Dockerfile as it stands, twice, and as `optimize` would write it; compares the images, starts both, and
/// measures. Nothing of yours is changed. Exit code 0: proved; 1: not proved; 2: it could not be done.
#[derive(Debug, Args)]
pub struct Verify {
    /// A Dockerfile, or the directory that it is in
    #[arg(default_value = ".")]
    pub path: PathBuf,

    /// What to print on standard output
    #[arg(long, value_name = "FORMAT", default_value = "text", help_heading = "Output")]
    pub format: ProofFormat,
    /// Also list what explains each difference, and what two builds of the original differ in
    #[arg(long, help_heading = "Output")]
    pub why: bool,
    /// When to use colour
    #[arg(long, value_name = "WHEN", default_value = "auto", help_heading = "Output")]
    pub color: Color,

    #[command(flatten)]
    pub choose: Choose,

    /// The source file that is edited for a rebuild, relative to the context [default: a likely one]
    #[arg(long, value_name = "FILE", help_heading = "Measure")]
    pub touch: Option<PathBuf>,
    /// How often each is measured
    #[arg(long, value_name = "N", default_value = "2", value_parser = clap::value_parser!(u16).range(1..=20), help_heading = "Measure")]
    pub repeat: u16,
    /// Only build, compare and start: measure no rebuilds
    #[arg(long, help_heading = "Measure")]
    pub quick: bool,

    #[command(flatten)]
    pub tests: TestFlags,
    #[command(flatten)]
    pub build: BuildFlags,
}

/// Which transforms run, and for what.
#[derive(Clone, Debug, Default, Args)]
pub struct Which {
    /// Run only these transforms
    #[arg(long, value_name = "NAME", value_delimiter = ',', help_heading = "Choice")]
    pub only: Option<Vec<String>>,
    /// Do not run these transforms
    #[arg(long, value_name = "NAME", value_delimiter = ',', help_heading = "Choice")]
    pub skip: Vec<String>,
    /// Also run these transforms, which only run when asked
    #[arg(long, value_name = "NAME", value_delimiter = ',', help_heading = "Choice")]
    pub enable: Vec<String>,
    /// The builder: buildkit[:1.4], buildah[:1.33], kaniko or classic
    #[arg(long, value_name = "NAME", help_heading = "Choice")]
    pub dialect: Option<Dialect>,
    /// Ask registries for the digests of base images, which pin-base writes at level review
    #[arg(long, help_heading = "Choice")]
    pub registry: bool,
}

/// Which changes are made.
#[derive(Clone, Debug, Default, Args)]
pub struct Choose {
    /// Also apply changes that need a person's check, all or those of these transforms
    #[arg(long, value_name = "NAME", num_args = 0.., require_equals = true, value_delimiter = ',', help_heading = "Choice")]
    pub review: Option<Vec<String>>,
    #[command(flatten)]
    pub which: Which,
    /// The build context [default: the Dockerfile's folder]
    #[arg(long, value_name = "DIR", help_heading = "Choice")]
    pub context: Option<PathBuf>,
}

impl Choose {
    /// The transforms that are named.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        let Which { only, skip, enable, .. } = &self.which;
        let lists = [self.review.as_ref(), only.as_ref(), Some(skip), Some(enable)];
        lists.into_iter().flatten().flatten()
    }
}

/// Posts one review whose comments are suggestions, for the Dockerfiles that a pull request changes. Run in a checkout of
/// its tip. Run again, it adds what is new, resolves what is done, and repeats nothing. The token is read from GITHUB_TOKEN
/// or GH_TOKEN.
#[derive(Debug, Args)]
pub struct Review {
    /// The number of the pull request [default: that of the workflow's event]
    pub number: Option<u64>,
    /// Print the review, and post nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Write the review to a file, and post nothing: for the pull request of a fork, whose token may not
    #[arg(long, value_name = "FILE", conflicts_with_all = ["dry_run", "post"])]
    pub output: Option<PathBuf>,
    /// Post the review that --output wrote: from another workflow, which trusts nothing in it
    #[arg(long, value_name = "FILE", requires = "head", conflicts_with = "number")]
    pub post: Option<PathBuf>,
    /// With --post: the commit that the other workflow ran for
    #[arg(long, value_name = "SHA")]
    pub head: Option<String>,
    /// The repository [default: GITHUB_REPOSITORY]
    #[arg(long, value_name = "OWNER/NAME")]
    pub repo: Option<String>,
    /// The API of a GitHub Enterprise [default: GITHUB_API_URL, or https://api.github.com]
    #[arg(long, value_name = "URL")]
    pub api: Option<String>,
    #[command(flatten)]
    pub choose: Choose,
}

/// Goes through what a production image should have: the image itself, security, performance. Each row is done, fixed by a
/// transform, held with the reason, or advice, with the command of the tool whose job it is. Nothing is written.
#[derive(Debug, Args)]
pub struct Checklist {
    /// Dockerfiles, or directories to search for them
    #[arg(default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// The build context [default: the Dockerfile's folder]
    #[arg(long, value_name = "DIR")]
    pub context: Option<PathBuf>,
    /// When to use colour
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
}

impl Checklist {
    /// Every transform at every level.
    pub fn choose(&self) -> Choose {
        Choose { review: Some(Vec::new()), context: self.context.clone(), ..Choose::default() }
    }
}

/// Opens one pull request with the safe changes of a repository's Dockerfiles, and a draft with those that a person has to
/// check, and keeps both up to date. Run again, it continues, and writes nothing if nothing is new. It stays away from what a
/// person closed, pushed to, or labelled `dockwright:ignore`. The token is read from GITHUB_TOKEN or GH_TOKEN, or made with the
/// key of a GitHub App: DOCKWRIGHT_APP_ID and DOCKWRIGHT_APP_KEY. Exit code 2 if a repository failed.
#[derive(Debug, Args)]
pub struct Bot {
    /// Repositories
    #[arg(value_name = "OWNER/NAME")]
    pub repositories: Vec<String>,
    /// All repositories of an organisation that are no forks and not archived
    #[arg(long, value_name = "ORG")]
    pub org: Vec<String>,
    /// Of these, only those with this topic
    #[arg(long, value_name = "TOPIC", requires = "org")]
    pub topic: Vec<String>,
    /// None of these: patterns as in .gitignore, such as `/acme/legacy-*`
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// A list of repositories, one on a line; `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
    /// Print what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Open no pull requests with changes that a person has to check
    #[arg(long)]
    pub safe_only: bool,
    /// Build what is there and what would be opened, open only what survives, and say what was measured. An engine runs what
    /// the Dockerfiles of the default branches say
    #[arg(long)]
    pub verify: bool,
    /// What a pull request is for [default: what the repository's dockwright.toml says, or the whole repository]
    #[arg(long, value_name = "WHAT")]
    pub per: Option<Per>,
    /// The API of a GitHub Enterprise [default: GITHUB_API_URL, or https://api.github.com]
    #[arg(long, value_name = "URL")]
    pub api: Option<String>,

    #[command(flatten)]
    pub which: Which,

    /// Keep in this file what was seen, so that the next run asks for what is new only
    #[arg(long, value_name = "FILE", help_heading = "Limits")]
    pub cache: Option<PathBuf>,
    /// The time between two writes, in milliseconds: GitHub asks for a second
    #[arg(long, value_name = "MS", default_value = "1000", help_heading = "Limits")]
    pub pause: u64,
    /// The longest that is waited for a limit to pass, in minutes
    #[arg(long, value_name = "MINUTES", default_value = "65", value_parser = clap::value_parser!(u64).range(0..=1440), help_heading = "Limits")]
    pub patience: u64,
}

#[derive(Debug, Args)]
pub struct Explain {
    /// A transform, or a rule of hadolint or BuildKit, such as DL3009; all transforms if left out
    pub name: Option<String>,
}

/// What one pull request of the bot is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Per {
    /// All Dockerfiles of a repository
    #[default]
    Repository,
    /// Each Dockerfile by itself
    Dockerfile,
}

/// What standard output gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Diff,
    Json,
    Sarif,
    Github,
    Markdown,
}

/// What `verify` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProofFormat {
    /// A table
    Text,
    /// For programs
    Json,
    /// One page for a browser
    Html,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

impl Color {
    /// Makes it the choice for standard output and standard error.
    pub fn choose(self) {
        match self {
            Self::Auto => {}
            Self::Always => anstream::ColorChoice::Always.write_global(),
            Self::Never => anstream::ColorChoice::Never.write_global(),
        }
    }
}
