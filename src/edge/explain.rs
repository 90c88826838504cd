//! `dockwright explain`: a transform's page on the terminal.

use std::io::Write as _;

use crate::explain::{Page, unanswered};
use crate::transforms::{ALL, RULES};

use super::arguments::Explain;
use super::{DONE, FAILED, Failure};

pub fn run(explain: &Explain) -> u8 {
    let pages = ALL.iter().filter_map(|transform| Page::of(transform).ok());
    let bold = anstyle::Style::new().bold();
    let mut text = String::new();
    let Some(name) = &explain.name else {
        for page in pages {
            text += &format!("{bold}{:24}{bold:#}{}\n", page.name, page.summary);
        }
        let _ = anstream::stdout().write_all(text.as_bytes());
        return DONE;
    };
    let is = |rule: &str| rule.eq_ignore_ascii_case(name);
    let wanted: Vec<Page> = pages.filter(|page| is(page.name) || page.answers().any(is)).collect();
    if wanted.is_empty() {
        let shellcheck = name.len() == 6 && name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("SC"));
        if let Some(row) = unanswered(RULES).find(|row| is(row.rule) || shellcheck && row.rule == "SC") {
            text += &format!("{bold}{name}{bold:#}   {}\n\nNo transform answers it: {}.\n", row.says, row.why);
            let _ = anstream::stdout().write_all(text.as_bytes());
            return DONE;
        }
        Failure::new(format!("no transform is called `{name}`, or answers it"), "`dockwright explain` lists them all")
            .print();
        return FAILED;
    }
    for page in wanted {
        let levels: Vec<&str> = page.levels().into_iter().map(crate::explain::Claim::word).collect();
        text += &format!("{bold}{}{bold:#}   {}\n{}\n\n{}\n\n", page.name, levels.join(", "), page.summary, page.body);
        text += &format!("{bold}Cases{bold:#}\n");
        for case in &page.cases {
            text += &format!("  {:10}  {}\n", case.claim.word(), case.heading);
        }
    }
    let _ = anstream::stdout().write_all(text.as_bytes());
    DONE
}
