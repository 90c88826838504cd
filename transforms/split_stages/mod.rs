//! See README.md: a stage that builds and runs becomes two.

mod compile;
mod config;
mod cpp;
mod data;
mod dotnet;
mod edit;
mod go;
mod java;
mod node;
mod original;
mod php;
mod python;
mod ruby;
mod rust;
mod steps;
mod used;

use std::borrow::Cow;

use crate::commands::{Invocation, invocations};
use crate::images::{Image, Kind as ImageKind};
use crate::transform::scripts;
use crate::transform::{Change, Finding, On, Transform, View};
use edit::Plan;
use original::Original;

/// The transform.
pub const TRANSFORM: Transform = Transform { doc: include_str!("README.md"), find, on: On::Default };

const MESSAGE: &str = "the image ships what it was built with";

/// Why not, in words.
type Reason = Cow<'static, str>;

/// How the programs of a language are taken out of the stage that builds them.
struct Ecosystem {
    /// Whether a command builds one.
    builds: fn(&Invocation) -> bool,
    /// What the two stages are to be.
    plan: fn(&Original<'_>) -> Result<Plan, Reason>,
}

fn ecosystem(image: &Image) -> Option<Ecosystem> {
    Some(match image.kind {
        ImageKind::DotnetSdk => Ecosystem { builds: dotnet::builds, plan: dotnet::plan },
        ImageKind::Golang => Ecosystem { builds: go::builds, plan: go::plan },
        ImageKind::Node => Ecosystem { builds: node::builds, plan: node::plan },
        ImageKind::Php => Ecosystem { builds: php::builds, plan: php::plan },
        ImageKind::Python => Ecosystem { builds: python::builds, plan: python::plan },
        ImageKind::Ruby => Ecosystem { builds: ruby::builds, plan: ruby::plan },
        ImageKind::Rust => Ecosystem { builds: rust::builds, plan: rust::plan },
        ImageKind::Maven | ImageKind::Gradle | ImageKind::Jdk => Ecosystem { builds: java::builds, plan: java::plan },
        _ => return None,
    })
}

/// Whether an image is what programs of C and C++ are built on: Debian, Ubuntu, or a compiler on top of them.
fn is_for_compilers(image: &Image) -> bool {
    image.family.is_debian_like() && matches!(&*image.repository, "debian" | "ubuntu" | "gcc" | "buildpack-deps")
}

fn find(view: &View<'_>) -> Vec<Finding> {
    let [stage] = view.doc.stages() else { return Vec::new() };
    let Some(image) = view.scopes().image(0) else { return Vec::new() };
    let mut scripts = stage.instructions.clone().filter_map(|index| view.script(index));
    let ecosystem = match ecosystem(image) {
        Some(ecosystem) if scripts.any(|script| invocations(script).iter().any(ecosystem.builds)) => ecosystem,
        // Compilers are no tools of an image of their own.
        None if is_for_compilers(image) && cpp::compiles(view) => Ecosystem { builds: |_| false, plan: cpp::plan },
        _ => return Vec::new(),
    };
    let finding = Original::of(view, image).and_then(|it| {
        let mut plan = (ecosystem.plan)(&it)?;
        let (instructions, change) = finish(&it, &mut plan)?;
        let message = match &plan.why_same {
            Some(why) => Cow::Owned(format!("{MESSAGE} (the base stays: {why})")),
            None => MESSAGE.into(),
        };
        Ok(Finding::review(instructions, message, plan.checks.join("; "), change))
    });
    vec![finding.unwrap_or_else(|reason| Finding::held(vec![stage.instructions.start], MESSAGE, reason))]
}

/// What every ecosystem has to look at last, and the change.
fn finish(it: &Original<'_>, plan: &mut Plan) -> Result<(Vec<usize>, Change), Reason> {
    config::files(it, plan)?;
    config::surroundings(it, plan)?;
    edit::split(it, plan)
}
