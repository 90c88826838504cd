//! What a script does, as far as control flow goes: which commands run, in which order and in which surroundings, and
//! whether the script succeeds, given which commands succeed.
//!
//! Commands are opaque: each succeeds or fails as it is told to. Lists, pipelines, compound commands, functions and
//! `set -e` follow POSIX, in the way in which dash, BusyBox and bash agree. A command's surroundings are what the shell
//! did to itself before (`cd`, assignments, `export`, `umask` …), and what it stands in (a redirected group, a
//! pipeline): two runs of the same command in different surroundings are not the same. What is not modelled ends it:
//! [`Unknown`], never a guess.
//! <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_26>

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use super::{
    AndOr, Assignment, Command, Compound, CompoundKind, List, Operator, Pipeline, Redirection, Script, Separator,
    Simple, Word,
};
use crate::source::Span;

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
    pub text: String,
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
pub fn trace(script: &Script, options: ShellOptions, normal: &Normal, decide: &mut Decide) -> Result<Trace, Unknown> {
    let mut counts = HashMap::new();
    let mut events = Vec::new();
    let (status, endless) = run(script, options, normal, decide, &mut counts, &mut events)?;
    if endless {
        return Err(Unknown("a loop that goes on".into()));
    }
    Ok(Trace { events, status })
}

/// Runs one script after others, with their counts; the second result is whether a loop was cut off.
pub(super) fn run(
    script: &Script,
    options: ShellOptions,
    normal: &Normal,
    decide: &mut Decide,
    counts: &mut HashMap<String, usize>,
    events: &mut Vec<Event>,
) -> Result<(u8, bool), Unknown> {
    let body = script.body().map_err(|why| Unknown(why.0.clone()))?;
    let mut shell = Shell {
        script,
        normal,
        decide,
        counts,
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
        events.push(Event { text: "(the shell ends)".to_owned(), around: String::new() });
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
    text: String,
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
    Other,
}

/// What kind of change `words` are, of a command that changes the shell.
fn change_kind(words: &[Word]) -> ChangeKind {
    match words {
        [name, ..] if name.literal.as_deref() != Some("cd") => ChangeKind::Other,
        [_, to] => match to.literal.as_deref() {
            Some(to) if to.starts_with('/') => ChangeKind::ToDirectory,
            Some(to) if !to.starts_with('-') => ChangeKind::Directory,
            _ => ChangeKind::Back,
        },
        _ => ChangeKind::Back,
    }
}

struct Shell<'s, 'a> {
    script: &'s Script,
    normal: &'a Normal<'a>,
    decide: &'a mut Decide<'a>,
    counts: &'a mut HashMap<String, usize>,
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
    within: Vec<String>,
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
        self.within.push("&".to_owned());
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
            self.within.push(format!("| {} of {}", nth + 1, commands.len()));
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
                self.redirection(redirection, &mut text)?;
            }
            self.within.push(text);
        }
        let flow = self.compound_body(compound);
        if redirected {
            self.within.pop();
        }
        flow
    }

    fn compound_body(&mut self, compound: &'s Compound) -> Flow {
        for word in &compound.words {
            self.plain_expansions(word.span)?;
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
                    if self.decide(&format!("case {} arm {nth}", words.join(" "))) {
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
                self.event(&text)?;
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
            (0..MAX_ROUNDS).map(|nth| format!("{text}, {nth}")).take_while(|_| self.decide(&text)).collect()
        });
        self.looping(|shell, _| {
            let mut status = 0;
            for value in &values {
                shell.changed(format!("{name}={value}"), ChangeKind::Other);
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

    fn simple(&mut self, simple: &'s Simple) -> Flow {
        self.plain_expansions(simple.span)?;
        let text = self.text(simple)?;
        let Some(name) = simple.words.first() else {
            return self.assignments(simple, &text);
        };
        let name = match &name.literal {
            Some(name) => &**name,
            // What holds a slash is no built-in command and no function.
            None if name.substitutions.is_empty() && self.script.slice(name.span).contains('/') => "/",
            None => return unknown("a command whose name is not known"),
        };
        let bare = simple.assignments.is_empty() && simple.redirections.is_empty();
        let literal = simple.words.iter().all(|word| word.literal.is_some());
        match name {
            "exit" if bare => return self.exit(&simple.words[1..]),
            "set" if bare => return self.set(&simple.words[1..]),
            "break" | "continue" if bare && simple.words.len() == 1 && self.loops > 0 => {
                self.status = 0;
                return Err(if name == "break" { Stop::Break } else { Stop::Continue });
            }
            "export" | "readonly" | "unset" if simple.assignments.is_empty() => {
                self.push(&text)?;
                self.changed(text, ChangeKind::Other);
                self.status = 0;
                return Ok(());
            }
            ":" if simple.assignments.is_empty() => {
                if !bare || !literal {
                    self.push(&text)?;
                }
                self.status = 0;
                return Ok(());
            }
            name if SPECIAL.contains(&name) => return unknown("a built-in command that is not modelled"),
            _ => {}
        }
        if let Some(body) = self.env.functions.get(name).copied() {
            if !bare {
                return unknown("a function that is called with assignments or redirections");
            }
            let arguments = simple.words.len() > 1;
            if arguments {
                self.within.push(text);
            }
            let loops = std::mem::take(&mut self.loops);
            let flow = self.deeper(|shell| shell.compound(body));
            self.loops = loops;
            if arguments {
                self.within.pop();
            }
            flow?;
            return self.check();
        }
        match name {
            "true" | "false" if bare => {
                if !literal {
                    self.push(&text)?;
                }
                self.status = u8::from(name == "false");
                return self.check();
            }
            "command" if !matches!(simple.words.get(1).and_then(|word| word.literal.as_deref()), Some("-v" | "-V")) => {
                return unknown("a built-in command that is not modelled");
            }
            name if UNMODELLED.contains(&name) => return unknown("a built-in command that is not modelled"),
            _ => {}
        }
        let first = simple.words.get(1).map(|word| word.literal.as_deref());
        // Bash's `printf -v` sets a variable.
        let changes = CHANGES_SHELL.contains(&name) || name == "printf" && first.is_none_or(|it| it == Some("-v"));
        let kind = change_kind(&simple.words);
        self.push_in(&text, changes && kind == ChangeKind::ToDirectory)?;
        self.status = u8::from(!self.decide(&text));
        if self.status == 0 && changes {
            self.changed(text, kind);
        }
        self.check()
    }

    /// A command without words.
    fn assignments(&mut self, simple: &'s Simple, text: &str) -> Flow {
        let substitutes = |word: &Word| !word.substitutions.is_empty();
        let values = simple.assignments.iter().map(|assignment| &assignment.value);
        let opened = simple.redirections.iter().map(|redirection| &redirection.target);
        // The status is that of the last substitution, or of the redirections.
        if values.chain(opened).any(substitutes) || !simple.redirections.is_empty() {
            self.event(text)?;
        } else {
            self.push(text)?;
            self.status = 0;
        }
        if !simple.assignments.is_empty() {
            self.changed(text.to_owned(), ChangeKind::Other);
        }
        self.check()
    }

    fn exit(&mut self, arguments: &[Word]) -> Flow {
        match arguments {
            [] => {}
            [status] if matches!(self.script.slice(status.span), "$?" | "\"$?\"") => {}
            [status] => match status.literal.as_deref().map(str::parse) {
                Some(Ok(status)) => self.status = status,
                _ => return unknown("an `exit` with a status that is not known"),
            },
            _ => return unknown("an `exit` with more than a status"),
        }
        Err(Stop::Exit)
    }

    fn set(&mut self, arguments: &[Word]) -> Flow {
        const WHY: &str = "a `set` that is not modelled";
        let mut words = arguments.iter().map(|word| word.literal.as_deref());
        while let Some(word) = words.next() {
            let Some(word) = word else { return unknown(WHY) };
            let on = match word.as_bytes() {
                [b'-', _, ..] if word != "--" => true,
                [b'+', _, ..] => false,
                _ => return unknown(WHY),
            };
            for letter in word[1..].chars() {
                match letter {
                    'e' => self.env.errexit = on,
                    // What it prints goes to the build's output.
                    'x' | 'v' => {}
                    'u' | 'f' | 'a' | 'C' | 'b' | 'h' | 'm' => self.flag(letter, on),
                    'o' => match words.next().flatten() {
                        Some("errexit") => self.env.errexit = on,
                        Some("pipefail") => self.env.pipefail = on,
                        Some("xtrace" | "verbose") => {}
                        Some("nounset") => self.flag('u', on),
                        Some("noglob") => self.flag('f', on),
                        Some("allexport") => self.flag('a', on),
                        Some("noclobber") => self.flag('C', on),
                        _ => return unknown(WHY),
                    },
                    _ => return unknown(WHY),
                }
            }
        }
        self.status = 0;
        Ok(())
    }

    fn flag(&mut self, letter: char, on: bool) {
        self.env.flags.retain(|flag| *flag != letter);
        if on {
            self.env.flags.push(letter);
            self.env.flags.sort_unstable();
        }
    }

    /// What a command expands must not depend on the commands before it, nor end the shell.
    fn plain_expansions(&self, span: Span) -> Flow {
        let raw = self.script.slice(span);
        let own = matches!(raw, "exit $?" | "exit \"$?\"");
        if !own && ["$?", "${?", "$!", "${!", "$_", ":?"].iter().any(|it| raw.contains(it)) {
            return unknown("an expansion that depends on the command before, or ends the shell");
        }
        Ok(())
    }

    /// A command's text: its parts, joined by one blank.
    fn text(&self, simple: &Simple) -> Result<String, Stop> {
        enum Part<'p> {
            Raw(Span),
            Redirection(&'p Redirection),
        }
        let mut parts: Vec<(usize, Part)> = Vec::new();
        parts.extend(simple.assignments.iter().map(|Assignment { span, .. }| (span.start, Part::Raw(*span))));
        parts.extend(simple.words.iter().map(|Word { span, .. }| (span.start, Part::Raw(*span))));
        parts.extend(simple.redirections.iter().map(|it| (it.span.start, Part::Redirection(it))));
        parts.sort_by_key(|(start, _)| *start);
        let mut text = String::new();
        for (_, part) in parts {
            match part {
                Part::Raw(span) => {
                    if !text.is_empty() {
                        text.push(' ');
                    }
                    text.push_str(self.script.slice(span));
                }
                Part::Redirection(redirection) => self.redirection(redirection, &mut text)?,
            }
        }
        Ok(match (self.normal)(&text) {
            Cow::Borrowed(same) if same.len() == text.len() => text,
            other => other.into_owned(),
        })
    }

    fn redirection(&self, redirection: &Redirection, text: &mut String) -> Flow {
        if !self.bash && matches!(&*redirection.operator, "&>" | "&>>" | "<<<") {
            return unknown("a redirection of bash in a shell that may not be bash");
        }
        if !text.is_empty() {
            text.push(' ');
        }
        let target = redirection.target.span;
        let before = self.script.slice(Span::new(redirection.span.start, target.start));
        text.push_str(before.trim_end());
        text.push_str(self.script.slice(target));
        if let Some(body) = redirection.heredoc {
            text.push('\n');
            text.push_str(self.script.slice(body));
        }
        Ok(())
    }

    /// Asks whether the next run of `text` succeeds.
    fn decide(&mut self, text: &str) -> bool {
        let count = self.counts.entry(text.to_owned()).or_insert(0);
        let nth = *count;
        *count += 1;
        (self.decide)(text, nth)
    }

    /// A command runs, and succeeds or not.
    fn event(&mut self, text: &str) -> Flow {
        self.push(text)?;
        self.status = u8::from(!self.decide(text));
        Ok(())
    }

    fn changed(&mut self, text: String, kind: ChangeKind) {
        self.env.changes.push(Change { text, kind });
    }

    /// A command runs.
    fn push(&mut self, text: &str) -> Flow {
        self.push_in(text, false)
    }

    /// A command runs, for which it may not matter in which directory.
    fn push_in(&mut self, text: &str, anywhere: bool) -> Flow {
        use ChangeKind::{Back, Directory, Other, ToDirectory};
        let changes = &self.env.changes;
        // Directories before the last one that was named in full are forgotten, unless the shell is sent back.
        let named = changes.iter().rposition(|change| change.kind == ToDirectory).unwrap_or(0);
        let back = text.contains("cd -") || text.contains("OLDPWD") || changes.iter().any(|it| it.kind == Back);
        let counts = |&(nth, change): &(usize, &Change)| match change.kind {
            Other => true,
            ToDirectory | Directory | Back => back || !anywhere && nth >= named,
        };
        let mut surroundings: Vec<&str> =
            changes.iter().enumerate().filter(counts).map(|(_, change)| change.text.as_str()).collect();
        surroundings.extend(self.within.iter().map(String::as_str));
        // These change what an expansion does, and nothing else.
        let expands = text.contains(['$', '`', '*', '?', '[']);
        let flags: String = self.env.flags.iter().filter(|flag| expands || !matches!(flag, 'u' | 'f')).collect();
        if !flags.is_empty() {
            surroundings.push(&flags);
        }
        // More than one command inside a substitution: `set -e` may matter there.
        if self.env.errexit && (text.contains("$(") || text.contains('`')) {
            surroundings.push("-e");
        }
        let event = Event { text: text.to_owned(), around: surroundings.join("; ") };
        self.size += event.text.len() + event.around.len();
        if self.size > MAX_TRACE {
            return unknown("it runs too many commands");
        }
        self.events.push(event);
        Ok(())
    }
}

/// Special built-in commands: no function hides them, and their failure ends the shell.
const SPECIAL: &[&str] = &[
    "break", ":", "continue", ".", "eval", "exec", "exit", "export", "readonly", "return", "set", "shift", "times",
    "trap", "unset", "source",
];

/// Other built-in commands that change the course of things.
const UNMODELLED: &[&str] = &[
    "builtin", "wait", "fg", "bg", "enable", "alias", "unalias", "logout", "suspend", "coproc", "time", "let", "caller",
];

/// Built-in commands that change the shell, and may fail.
const CHANGES_SHELL: &[&str] = &[
    "cd",
    "umask",
    "ulimit",
    "read",
    "getopts",
    "local",
    "declare",
    "typeset",
    "shopt",
    "hash",
    "pushd",
    "popd",
    "mapfile",
    "readarray",
    "chdir",
    "newgrp",
];
