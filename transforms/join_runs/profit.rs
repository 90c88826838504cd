//! Whether joining two RUNs gains something.

use crate::commands::files::{deletes, writes};
use crate::commands::packages::{Action, action};
use crate::commands::{Program, recognise};
use crate::shell::Script;
use crate::transform::View;

const STALE: &str = "in its own layer goes stale: it is joined with the install";
const OLD: &str = "the install works with package lists of an earlier layer, which go stale: they are joined";
const KEPT: &str = "what this RUN leaves behind is deleted by the next one, but stays in the image: they are joined";

/// Stands for the packages that apt has fetched, beside its lists.
const APT_ARCHIVES: &str = "apt archives";

/// What a script does to packages and files.
#[derive(Default)]
struct Does<'s> {
    /// Families whose index it fetches, with the name of the command that does.
    updates: Vec<(&'static str, &'s str)>,
    /// Families from whose index it installs.
    installs: Vec<&'static str>,
    /// Families whose index and cache it removes.
    cleans: Vec<&'static str>,
    writes: Vec<String>,
    deletes: Vec<&'s str>,
}

impl<'s> Does<'s> {
    fn of(script: &'s Script) -> Self {
        let mut does = Self::default();
        for simple in script.commands() {
            let Some(program) = Program::of(simple) else { continue };
            match action(script, simple) {
                Some((Action::Update, family)) => does.updates.push((family, program.name)),
                // With `--no-cache`, apk fetches an index of its own.
                Some((Action::Install, family)) if !program.has("--no-cache") => {
                    does.installs.push(family);
                    does.installs.extend((family == "apt").then_some(APT_ARCHIVES));
                }
                // `apt-get clean` keeps the lists.
                Some((Action::Clean, "apt")) => {
                    does.cleans.push(APT_ARCHIVES);
                    let lists = recognise(script, simple)
                        .is_some_and(|apt| matches!(&*apt.subcommand, "dist-clean" | "distclean"));
                    does.cleans.extend(lists.then_some("apt"));
                }
                Some((Action::Clean, family)) => does.cleans.push(family),
                _ => {}
            }
            does.writes.extend(writes(script, &program));
            does.deletes.extend(deletes(script, &program));
        }
        let caches = [
            ("/var/lib/apt", "apt"),
            ("/var/cache/apk", "apk"),
            ("/var/cache/dnf", "dnf"),
            ("/var/cache/yum", "dnf"),
            ("/var/cache/zypp", "zypper"),
        ];
        let cleaned = |(folder, family): &(&str, &'static str)| {
            does.deletes.iter().any(|path| path.starts_with(folder)).then_some(*family)
        };
        let cleaned: Vec<&'static str> = caches.iter().filter_map(cleaned).collect();
        does.cleans.extend(cleaned);
        does
    }

    fn updates(&self, family: &str) -> bool {
        self.updates.iter().any(|(other, _)| *other == family)
    }
}

/// What would be gained by joining `earlier` and `later`, if it is worth it.
pub fn profit(view: &View<'_>, earlier: usize, later: usize) -> Option<String> {
    let (before, after) = (Does::of(view.script(earlier)?), Does::of(view.script(later)?));
    let stale = before.updates.iter().find(|(family, _)| {
        !before.cleans.contains(family) && after.installs.contains(family) && !after.updates(family)
    });
    if let Some((_, name)) = stale {
        let alone = before.installs.is_empty();
        return Some(if alone { format!("{name} update {STALE}") } else { OLD.to_owned() });
    }
    if !view.graph().ships(view.doc.stage_of(earlier)?) {
        return None;
    }
    // What the later one makes itself, it may well delete itself.
    let cache = after.cleans.iter().any(|family| {
        (before.installs.contains(family) || before.updates(family))
            && !before.cleans.contains(family)
            && !after.installs.contains(family)
            && !after.updates(family)
    });
    let file = before.writes.iter().any(|path| {
        let path = &**path;
        after.deletes.contains(&path)
            && !before.deletes.contains(&path)
            && !after.writes.iter().any(|other| other == path)
    });
    (cache || file).then(|| KEPT.to_owned())
}
