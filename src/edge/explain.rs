//! `dockwright explain`: a transform's page on the terminal.

use std::io::Write as _;

use crate::explain::Page;
use crate::transforms::ALL;

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
    let wanted: Vec<Page> = pages.filter(|page| page.name == name || page.answers().any(|rule| rule == name)).collect();
    if wanted.is_empty() {
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
