//! `dockwright bot`: pull requests for many repositories.
//!
//! There is no memory but the forge: a run looks at what is there, works out what should be there, and makes the
//! difference. So a run that was ended is continued by the next one, and a run with nothing new writes nothing. A cache
//! saves requests, and nothing is done because of it.

mod access;
mod branches;
mod carry;
mod checkout;
mod decide;
mod memory;
mod plan;
mod prove;
mod table;
mod targets;

use std::cell::RefCell;
use std::io::Write as _;

use crate::explain::Page;
use crate::transforms::ALL;

use super::arguments::{Bot, Choose};
use super::engine::{BuildFlags, Engine};
use super::forge::{Kind, Repositories as _};
use super::world::Shared;
use super::{DONE, FAILED, Failure, names, quoted};

use access::Access;
use memory::Memory;
use table::{Report, Result as Row};

/// How many repositories are asked about at once.
const TOGETHER: usize = 20;

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
    let choose = Choose { which: arguments.which.clone(), ..Choose::default() };
    names::check(choose.names())?;
    let report = Report::new();
    let progress = report.progress.clone();
    if arguments.verify {
        // Better now than after the first repositories.
        Engine::find(BuildFlags::default())?.finish();
    }
    let memory = Memory::read(arguments)?;
    let mut access = Access::of(arguments, memory.pages.clone(), move |seconds| {
        progress.set_message(format!("waiting {seconds} s for a limit of the forge"));
    })?;
    let pages: Vec<Page> = ALL.iter().filter_map(|transform| Page::of(transform).ok()).collect();

    let registries = Shared::new(arguments.which.registry);
    let targets = targets::find(arguments, &mut access)?;
    let mut report = report.of(targets.len());
    let memory = RefCell::new(memory);
    let mut out_of_reach: Option<Failure> = None;
    'all: for names in access.together(&targets) {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let states = access.at(names[0]).and_then(|forge| Ok((forge.states(&names, branches::WHOLE)?, forge)));
        let (states, forge) = match states {
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
            let run = carry::Run {
                forge: &forge,
                choose: &choose,
                arguments,
                registries: &registries,
                pages: &pages,
                memory: &memory,
            };
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
        memory.borrow_mut().write(access.client().pages())?;
    }
    let well = report.well() && out_of_reach.is_none();
    let table = report.finish(access.client().requests(), arguments.dry_run);
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
