//! What a script does, as far as control flow goes: which commands run, in which order and in which surroundings, and
//! whether the script succeeds, given which commands succeed.
//!
//! Commands are opaque: each succeeds or fails as it is told to. Lists, pipelines, compound commands, functions and
//! `set -e` follow POSIX, in the way in which dash, BusyBox and bash agree. A command's surroundings are what the shell
//! did to itself before (`cd`, assignments, `export`, `umask` …), and what it stands in (a redirected group, a
//! pipeline): two runs of the same command in different surroundings are not the same. What is not modelled ends it:
//! [`Unknown`], never a guess.
//! <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_26>

mod simple;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;

use self::simple::SPECIAL;
use super::{AndOr, Command, Compound, CompoundKind, List, Operator, Pipeline, Script, Separator, Simple};

/// How the shell is started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShellOptions {
    /// `-e`: it stops at the first command that fails.
    pub errexit: bool,
    /// `-o pipefail`: a pipeline fails if any of its commands does.
    pub pipefail: bool,
    /// It is bash: `[[`, `((` and `&>` are what they look like.
    pub bash: bool,
}

/// What a script did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The commands that were run, in order.
    pub events: Vec<Event>,
    /// The exit status.
    pub status: u8,
}

/// A command that was run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its normalised text.
    pub text: Rc<str>,
    /// Its surroundings: what changed the shell before it, and what it stands in: `cd /src; >log`.
    pub around: String,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        if self.around.is_empty() { Ok(()) } else { write!(f, " {{{}}}", self.around) }
    }
}

/// The script does something that is not modelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown(pub Cow<'static, str>);

/// Decides whether a command succeeds: its normalised text, and how often it was run before.
pub type Decide<'a> = dyn FnMut(&str, usize) -> bool + 'a;

/// What is known of the commands and the image.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    /// Brings the text of commands into the form in which it is compared.
    pub normal: &'a Normal<'a>,
    /// Whether a variable of that name may be in the environment (from ENV, ARG or the base image). If it is not,
    /// setting it matters to the commands that name it, and to no other.
    pub in_environment: &'a dyn Fn(&str) -> bool,
}

/// Brings the text of a command into the form in which it is compared. The text is its words and redirections joined
/// by one blank.
pub type Normal<'a> = dyn for<'t> Fn(&'t str) -> Cow<'t, str> + 'a;

/// Calls, loops and groups that are inside one another: a function may call itself.
const MAX_DEPTH: usize = 60;

/// Rounds of one loop. One that goes on is cut off there: what is compared is its beginning.
const MAX_ROUNDS: usize = 2;

/// Bytes of one trace: surroundings are written out for every command.
const MAX_TRACE: usize = 256 * 1024;

/// What `script` does when started with `options`.
///
/// # Errors
/// If it cannot be told.
pub fn trace(script: &Script, options: ShellOptions, rules: Rules, decide: &mut Decide) -> Result<Trace, Unknown> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    let mut events = Vec::new();
    let mut decide = |text: &str| {
        let count = counts.entry(text.to_owned()).or_default();
        *count += 1;
        decide(text, *count - 1)
    };
    let (status, endless) = run(script, options, rules, &mut Texts::new(), &mut decide, &mut events)?;
    if endless {
        return Err(Unknown("a loop that goes on".into()));
    }
    Ok(Trace { events, status })
}

/// The normalised texts of commands that were met, or why they cannot be told: a script runs many times, in every case.
/// The key is where the command stands in memory, so that the scripts must stay there.
pub(super) type Texts = HashMap<*const Simple, Result<Rc<str>, &'static str>>;

/// Runs one script after others; the second result is whether a loop was cut off.
pub(super) fn run(
    script: &Script,
    options: ShellOptions,
    rules: Rules,
    texts: &mut Texts,
    decide: &mut dyn FnMut(&str) -> bool,
    events: &mut Vec<Event>,
) -> Result<(u8, bool), Unknown> {
    let body = script.body().map_err(|why| Unknown(why.0.clone()))?;
    let mut shell = Shell {
        script,
        rules,
        texts,
        decide,
        events,
        background: false,
        ignoring: 0,
        loops: 0,
        depth: 0,
        status: 0,
        env: Env { errexit: options.errexit, pipefail: options.pipefail, ..Env::default() },
        within: Vec::new(),
        size: 0,
        bash: options.bash,
    };
    let ended = shell.list(body);
    let (status, background) = (shell.status, shell.background);
    if background {
        // What still runs in the background ends with the shell.
        events.push(Event { text: "(the shell ends)".into(), around: String::new() });
    }
    match ended {
        Ok(()) | Err(Stop::Exit) => Ok((status, false)),
        Err(Stop::Endless) => Ok((status, true)),
        Err(Stop::Unknown(why)) => Err(Unknown(why.into())),
        Err(Stop::Break | Stop::Continue) => Err(Unknown("`break` outside a loop".into())),
    }
}

/// Why a list is left.
enum Stop {
    /// The shell, or the subshell, ends with the status.
    Exit,
    Break,
    Continue,
    /// A loop was cut off.
    Endless,
    Unknown(&'static str),
}

type Flow = Result<(), Stop>;

const fn unknown<T>(why: &'static str) -> Result<T, Stop> {
    Err(Stop::Unknown(why))
}

/// What a subshell gets a copy of.
#[derive(Clone, Default)]
struct Env<'s> {
    errexit: bool,
    pipefail: bool,
    /// `set -u` and the like: letters, sorted.
    flags: Vec<char>,
    /// What changed the shell since it was started.
    changes: Vec<Change>,
    functions: HashMap<&'s str, &'s Compound>,
}

/// A command that changed the shell.
#[derive(Clone)]
struct Change {
    text: Rc<str>,
    kind: ChangeKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ChangeKind {
    /// `cd /x`: it does not matter where the shell was before.
    ToDirectory,
    /// `cd x`
    Directory,
    /// `cd -`: where it was before that matters too.
    Back,
    /// An assignment.
    Variable,
    Other,
}
struct Shell<'s, 'a> {
    script: &'s Script,
    rules: Rules<'a>,
    texts: &'a mut Texts,
    decide: &'a mut dyn FnMut(&str) -> bool,
    events: &'a mut Vec<Event>,
    /// Something was started in the background.
    background: bool,
    /// How many contexts in which `set -e` is ignored surround this.
    ignoring: usize,
    loops: usize,
    depth: usize,
    /// `$?`.
    status: u8,
    env: Env<'s>,
    /// Redirected groups, pipelines, arguments of functions.
    within: Vec<Rc<str>>,
    /// Bytes of the trace.
    size: usize,
    bash: bool,
}

impl<'s> Shell<'s, '_> {
    fn list(&mut self, list: &'s List) -> Flow {
        for item in &list.items {
            if item.separator == Separator::Background {
                self.background(&item.and_or)?;
            } else {
                self.and_or(&item.and_or)?;
            }
        }
        Ok(())
    }

    fn background(&mut self, and_or: &'s AndOr) -> Flow {
        // Whether `set -e` is ignored in there is where shells differ.
        let simple = and_or.rest.is_empty() && matches!(and_or.first.commands[..], [Command::Simple(_)]);
        if self.ignoring > 0 && !simple {
            return unknown("a list in the background of a condition");
        }
        self.background = true;
        self.within.push("&".into());
        self.subshell(|shell| shell.and_or(and_or))?;
        self.within.pop();
        self.status = 0;
        Ok(())
    }

    fn and_or(&mut self, and_or: &'s AndOr) -> Flow {
        let mut operators = and_or.rest.iter().map(|(operator, _, _)| *operator).chain([Operator::Or]);
        let mut runs = true;
        let pipelines = std::iter::once(&and_or.first).chain(and_or.rest.iter().map(|(_, _, next)| next));
        for (nth, pipeline) in pipelines.enumerate() {
            if runs {
                let last = nth == and_or.rest.len();
                self.ignoring(!last, |shell| shell.pipeline(pipeline))?;
            }
            runs = (self.status == 0) == (operators.next() == Some(Operator::And));
        }
        Ok(())
    }

    /// Runs `inner` in a context in which `set -e` is ignored, or not.
    fn ignoring(&mut self, ignored: bool, inner: impl FnOnce(&mut Self) -> Flow) -> Flow {
        self.ignoring += usize::from(ignored);
        let flow = inner(self);
        self.ignoring -= usize::from(ignored);
        flow
    }

    /// What `set -e` does behind a command.
    fn check(&self) -> Flow {
        if self.status != 0 && self.env.errexit && self.ignoring == 0 { Err(Stop::Exit) } else { Ok(()) }
    }

    fn pipeline(&mut self, pipeline: &'s Pipeline) -> Flow {
        if pipeline.negated {
            self.ignoring(true, |shell| shell.pipe(&pipeline.commands))?;
            self.status = u8::from(self.status == 0);
            return Ok(());
        }
        self.pipe(&pipeline.commands)
    }

    fn pipe(&mut self, commands: &'s [Command]) -> Flow {
        if let [command] = commands {
            return self.command(command);
        }
        let mut status = 0;
        let pipefail = self.env.pipefail;
        for (nth, command) in commands.iter().enumerate() {
            self.within.push(format!("| {} of {}", nth + 1, commands.len()).into());
            self.subshell(|shell| shell.command(command))?;
            self.within.pop();
            if !pipefail || self.status != 0 {
                status = self.status;
            }
        }
        self.status = status;
        self.check()
    }

    /// Runs `inner` in a copy of the shell; leaving it is all that it can do.
    fn subshell(&mut self, inner: impl FnOnce(&mut Self) -> Flow) -> Flow {
        let env = self.env.clone();
        let loops = std::mem::take(&mut self.loops);
        let within = self.within.len();
        let flow = inner(self);
        self.within.truncate(within);
        self.loops = loops;
        self.env = env;
        match flow {
            Err(Stop::Exit) => Ok(()),
            flow => flow,
        }
    }

    fn deeper(&mut self, inner: impl FnOnce(&mut Self) -> Flow) -> Flow {
        if self.depth == MAX_DEPTH {
            return unknown("a function that calls itself");
        }
        self.depth += 1;
        let flow = inner(self);
        self.depth -= 1;
        flow
    }

    fn command(&mut self, command: &'s Command) -> Flow {
        match command {
            Command::Simple(simple) => self.simple(simple),
            Command::Compound(compound) => self.deeper(|shell| shell.compound(compound)),
            Command::Function(function) => {
                let name = self.script.slice(function.name);
                if SPECIAL.contains(&name) {
                    return unknown("a function with the name of a built-in command");
                }
                self.env.functions.insert(name, &function.body);
                self.status = 0;
                Ok(())
            }
            Command::Opaque(_) => unknown("a command that is not modelled"),
        }
    }

    fn compound(&mut self, compound: &'s Compound) -> Flow {
        let redirected = !compound.redirections.is_empty();
        if redirected {
            let mut text = String::new();
            for redirection in &compound.redirections {
                self.redirection(redirection, &mut text).map_err(Stop::Unknown)?;
            }
            self.within.push(text.into());
        }
        let flow = self.compound_body(compound);
        if redirected {
            self.within.pop();
        }
        flow
    }

    fn compound_body(&mut self, compound: &'s Compound) -> Flow {
        for word in &compound.words {
            self.plain_expansions(word.span).map_err(Stop::Unknown)?;
        }
        match (compound.kind, &compound.lists[..]) {
            (CompoundKind::Brace, [body]) => self.list(body),
            (CompoundKind::Subshell, [body]) => {
                self.subshell(|shell| shell.list(body))?;
                self.check()
            }
            (CompoundKind::If, lists) => {
                let mut branches = lists.chunks_exact(2);
                for branch in &mut branches {
                    self.ignoring(true, |shell| shell.list(&branch[0]))?;
                    if self.status == 0 {
                        return self.list(&branch[1]);
                    }
                }
                self.status = 0;
                branches.remainder().iter().try_for_each(|body| self.list(body))
            }
            (CompoundKind::While | CompoundKind::Until, [condition, body]) => {
                let going = |status: u8| (status == 0) == (compound.kind == CompoundKind::While);
                self.looping(|shell, rounds| {
                    let mut status = 0;
                    loop {
                        shell.ignoring(true, |shell| shell.list(condition))?;
                        if !going(shell.status) {
                            shell.status = status;
                            return Ok(());
                        }
                        shell.round(body, rounds)?;
                        status = shell.status;
                    }
                })
            }
            (CompoundKind::For, [body]) => self.for_loop(compound, body),
            (CompoundKind::Case, arms) => {
                if compound.words.iter().any(|word| !word.substitutions.is_empty()) {
                    return unknown("a `case` that runs commands to decide");
                }
                let words: Vec<&str> = compound.words.iter().map(|word| self.script.slice(word.span)).collect();
                for (nth, arm) in arms.iter().enumerate() {
                    if self.turn(&format!("case {} arm {nth}", words.join(" "))) {
                        self.status = 0;
                        return self.list(arm);
                    }
                }
                self.status = 0;
                Ok(())
            }
            (CompoundKind::Test, _) => {
                if !self.bash {
                    return unknown("`[[` or `((` in a shell that may not be bash");
                }
                let text = self.script.slice(compound.span).split_whitespace().collect::<Vec<_>>().join(" ");
                self.event(&text.into())?;
                self.check()
            }
            _ => unknown("a compound command that is not modelled"),
        }
    }

    fn for_loop(&mut self, compound: &'s Compound, body: &'s List) -> Flow {
        let name = self.script.slice(compound.span).split_whitespace().nth(1).unwrap_or_default();
        if compound.words.iter().any(|word| !word.substitutions.is_empty()) {
            return unknown("a `for` that runs commands to decide");
        }
        let literal: Option<Vec<String>> =
            compound.words.iter().map(|word| word.literal.as_deref().map(str::to_owned)).collect();
        // Words that are not known come to none, one or two.
        let values = literal.unwrap_or_else(|| {
            let words: Vec<&str> = compound.words.iter().map(|word| self.script.slice(word.span)).collect();
            let text = format!("for {}", words.join(" "));
            (0..MAX_ROUNDS).map(|nth| format!("{text}, {nth}")).take_while(|_| self.turn(&text)).collect()
        });
        self.looping(|shell, _| {
            let mut status = 0;
            for value in &values {
                shell.changed(format!("{name}={value}").into(), ChangeKind::Variable);
                shell.round(body, &mut 0)?;
                status = shell.status;
            }
            shell.status = status;
            Ok(())
        })
    }

    fn looping(&mut self, inner: impl FnOnce(&mut Self, &mut usize) -> Flow) -> Flow {
        self.loops += 1;
        let flow = inner(self, &mut 0);
        self.loops -= 1;
        match flow {
            Err(Stop::Break) => Ok(()),
            flow => flow,
        }
    }

    fn round(&mut self, body: &'s List, rounds: &mut usize) -> Flow {
        if *rounds == MAX_ROUNDS {
            return Err(Stop::Endless);
        }
        *rounds += 1;
        match self.list(body) {
            Err(Stop::Continue) => Ok(()),
            flow => flow,
        }
    }
}
