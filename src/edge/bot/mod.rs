//! `dockwright bot`: pull requests for many repositories.
//!
//! There is no memory but the forge: a run looks at what is there, works out what should be there, and makes the
//! difference. So a run that was ended is continued by the next one, and a run with nothing new writes nothing.

mod carry;
mod checkout;
mod decide;
mod plan;
mod table;
mod targets;

use std::io::Write as _;
use std::time::Duration;

use crate::explain::Page;
use crate::transforms::ALL;

use super::arguments::{Bot, Choose};
use super::forge::{Client, GitHubRepositories, Kind, Repositories as _};
use super::world::Shared;
use super::{DONE, FAILED, Failure, names, quoted};

use table::{Report, Result as Row};

/// How many repositories are asked about at once.
const TOGETHER: usize = 20;
/// The branches: of the safe changes, and of those that a person has to check.
pub const BRANCHES: [&str; 2] = ["dockwright/optimize", "dockwright/review"];

pub fn run(arguments: &Bot) -> u8 {
    match bot(arguments) {
        Ok(true) => DONE,
        Ok(false) => FAILED,
        Err(failure) => {
            failure.print();
            FAILED
        }
    }
}

/// Answers whether all went well.
fn bot(arguments: &Bot) -> Result<bool, Failure> {
    let choose = Choose {
        review: None,
        only: arguments.only.clone(),
        skip: arguments.skip.clone(),
        enable: arguments.enable.clone(),
        dialect: arguments.dialect,
        context: None,
        registry: arguments.registry,
    };
    names::check(choose.names())?;
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let token = variable("GITHUB_TOKEN").or_else(|| variable("GH_TOKEN"));
    let token = token.ok_or_else(|| Failure::new("the token is not known", "set GITHUB_TOKEN"))?;
    let api = arguments.api.clone().or_else(|| variable("GITHUB_API_URL"));
    let api = api.as_deref().unwrap_or("https://api.github.com");
    let report = Report::new();
    let progress = report.progress.clone();
    let patience = Duration::from_secs(arguments.patience * 60);
    let client = Client::new(api, &token, patience, Duration::from_millis(arguments.pause))?
        .telling(move |seconds| progress.set_message(format!("waiting {seconds} s for a limit of the forge")));
    let forge = GitHubRepositories { client };
    let pages: Vec<Page> = ALL.iter().filter_map(|transform| Page::of(transform).ok()).collect();

    let registries = Shared::new(arguments.registry);
    let targets = targets::find(arguments, &forge)?;
    let mut report = report.of(targets.len());
    let mut out_of_reach: Option<Failure> = None;
    'all: for names in targets.chunks(TOGETHER) {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let states = match forge.states(&names, BRANCHES) {
            Ok(states) => states,
            Err(trouble) if ends(trouble.kind) => {
                out_of_reach = Some(trouble.failure);
                break;
            }
            Err(trouble) => {
                for name in names {
                    report.add(name, Row::Failed(trouble.failure.clone()));
                }
                continue;
            }
        };
        for (name, state) in names.iter().zip(states) {
            report.begin(name);
            let run = carry::Run { forge: &forge, choose: &choose, arguments, registries: &registries, pages: &pages };
            let row = match run.repository(name, state) {
                Ok(row) => row,
                Err(trouble) if ends(trouble.kind) => {
                    out_of_reach = Some(trouble.failure);
                    break 'all;
                }
                Err(trouble) => Row::Failed(trouble.failure),
            };
            report.add(name, row);
        }
    }
    let well = report.well() && out_of_reach.is_none();
    let table = report.finish(forge.client.requests(), arguments.dry_run);
    let _ = anstream::stdout().write_all(table.as_bytes());
    if let Some(failure) = out_of_reach {
        failure.print();
    }
    Ok(well)
}

/// Whether no other repository can be looked at either.
const fn ends(kind: Kind) -> bool {
    matches!(kind, Kind::Expired | Kind::Limited)
}
