//! npm, yarn and pnpm.

use super::{Install, MESSAGE, Reason, needs};
use crate::commands::cache::Yarn;
use crate::commands::{Invocation, Runner, Tool, Verb};
use crate::context::node::LIFECYCLE;
use crate::context::package::Package;
use crate::context::{Tree, join};
use crate::dockerfile::Lookup;
use crate::images;
use crate::rewrite::{insert_word, stands_alone};
use crate::transform::brought::standing;
use crate::transform::paths::{self, folder_of};
use crate::transform::{Change, Finding, Promise};

/// Whether a command installs a whole project, those packages included, as far as its words tell.
pub(super) fn installs_all(it: &Invocation) -> bool {
    let project = match it.tool {
        Tool::Npm => matches!(&*it.subcommand, "install" | "i" | "ci" | "clean-install" | "ic"),
        Tool::Yarn => matches!(&*it.subcommand, "" | "install"),
        Tool::Pnpm => matches!(&*it.subcommand, "install" | "i"),
        _ => false,
    };
    const SAID: &[&str] = &[
        "--production",
        "--prod",
        "-P",
        "--omit",
        "--only",
        "--include",
        "--dev",
        "-D",
        "--also",
        "-g",
        "--global",
        "--package-lock-only",
        "--lockfile-only",
        "--version",
        "-v",
        "--help",
        "-h",
    ];
    project
        && it.verb == Verb::Install
        && it.certain
        && it.operands.is_empty()
        && it.runner == Runner::Same
        && !it.has(SAID)
}

/// The installation without those packages, if it is the only one.
pub(super) fn rewrite(installs: &[Install<'_>]) -> Result<Option<Finding>, Reason> {
    match installs {
        [install] => install.without_development(),
        _ => Ok(None),
    }
}

impl Install<'_> {
    fn without_development(&self) -> Result<Option<Finding>, Reason> {
        let (view, it) = (self.view, &self.it);
        let environment = match (it.setting("NODE_ENV"), view.scope(self.index).get("NODE_ENV")) {
            (Some(value), _) => value.map(str::to_owned),
            (None, Lookup::Value(value)) => Some(value),
            (None, Lookup::Unset) => Some(String::new()),
            (None, Lookup::Unknown) => None,
        };
        match environment.as_deref() {
            // It leaves them out by itself.
            Some("production") => return Ok(None),
            Some(_) => {}
            None => return Err("NODE_ENV, which decides what is installed, is not known".into()),
        }
        let tree = Tree::of(view.world).ok_or("the build context is not known")?;
        if it.has(&["--prefix", "-C", "--dir", "--cwd", "--filter", "-F", "-w", "--workspace"]) {
            return Err("it is about another folder".into());
        }
        let folder = folder_of(view.scope(self.index), self.script, self.simple)
            .ok_or("in which folder it runs is not known")?;
        let place = paths::join(Some(&folder), "package.json").unwrap_or_default();
        let Some(manifest) = standing(view, &tree, self.index, &place)? else { return Ok(None) };
        let project = manifest.rsplit_once('/').map_or("", |(folder, _)| folder);
        let package = Package::of(&tree, project)?.ok_or("package.json cannot be read")?;
        let development: Vec<&str> = package.names("devDependencies").collect();
        if development.is_empty() {
            return Ok(None);
        }
        if let Some(name) = package.local() {
            return Err(format!("package.json has {name} of the project itself").into());
        }
        if !stands_alone(self.script, self.simple) {
            return Err("it stands in a list or loop that decides what happens when it fails".into());
        }
        self.follows(&|_, _| false)?;
        self.shared()?;
        if let Some(name) =
            LIFECYCLE.iter().find(|name| package.script(name).is_some() && !it.has(&["--ignore-scripts"]))
        {
            return Err(format!(
                "package.json runs `{}` when it is installed ({name})",
                package.script(name).unwrap_or_default()
            )
            .into());
        }
        let entry = needs::entry(view, &tree, &package, project, &folder)?;
        needs::imports(&tree, &package, &entry)?;
        let flag = self.flag(&tree, project)?;
        let edit =
            insert_word(self.script, it.verb_end, flag).ok_or("its words are not in the file as they are run")?;
        let change = Change::new([edit], [Promise::Flag(flag.into())]).map_err(|error| error.to_string())?;
        let shown = development.iter().take(4).copied().collect::<Vec<_>>().join(", ");
        let more = if development.len() > 4 { format!(" and {} more", development.len() - 4) } else { String::new() };
        let check = format!(
            "nothing at run time needs a package of devDependencies ({shown}{more}): what {} imports does not; no test or tool of \
             them is run in this image",
            entry.file
        );
        Ok(Some(Finding::review(vec![self.index], MESSAGE, check, change)))
    }

    /// The option that leaves them out.
    fn flag(&self, tree: &Tree<'_>, project: &str) -> Result<&'static str, Reason> {
        match self.it.tool {
            Tool::Npm => {
                let image = self.view.scope(self.index).image.as_ref().filter(|image| image.kind == images::Kind::Node);
                let image = image.ok_or("which npm it is, is not known")?;
                let major = image.version.as_deref().and_then(|version| version.split('.').next()?.parse::<u32>().ok());
                // npm 7 came with Node 15. https://docs.npmjs.com/cli/v6/commands/npm-install
                Ok(if major.is_some_and(|major| major < 16) { "--production" } else { "--omit=dev" })
            }
            Tool::Yarn => match self.view.surroundings(self.index).map(|around| around.yarn) {
                Some(Yarn::Classic) => Ok("--production"),
                _ => Err("only yarn 1 installs without them".into()),
            },
            _ => {
                let workspace = join(project, "pnpm-workspace.yaml").unwrap_or_default();
                match tree.has(&workspace)? {
                    true => Err("pnpm-workspace.yaml may have workspaces".into()),
                    false => Ok("--prod"),
                }
            }
        }
    }
}
