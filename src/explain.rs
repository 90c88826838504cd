//! A transform's README.md read as data: name, summary, cases, level.
//!
//! The page is the only source: tests, `explain`, the README's table, rule metadata and commit messages come from it.

use crate::transform::{On, Transform};

/// A page, read.
#[derive(Clone, Debug)]
pub struct Page {
    /// The title.
    pub name: &'static str,
    /// The first paragraph, on one line.
    pub summary: String,
    /// The text between summary and cases.
    pub body: &'static str,
    /// The tests.
    pub cases: Vec<Case>,
}

/// A test of a page.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its heading.
    pub heading: &'static str,
    /// The line of its heading in the page, from 1.
    pub line: usize,
    /// What is claimed.
    pub claim: Claim,
    /// The file before.
    pub before: String,
    /// The file afterwards; the same where it is left alone.
    pub after: String,
    /// The `toml context` fence.
    pub context: Option<&'static str>,
    /// The `text` fence: what the user is told.
    pub told: Option<&'static str>,
}

/// What a case claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Claim {
    /// Changed by default.
    Safe,
    /// Changed only with `--review`.
    Review,
    /// Left alone, with a reason.
    Held,
    /// Left alone, with advice.
    Advice,
    /// Left alone.
    Nothing,
}

impl Claim {
    /// The word for it in the README's table.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Review => "review",
            Self::Held => "held",
            Self::Advice => "advice",
            Self::Nothing => "left alone",
        }
    }
}

impl Page {
    /// Reads the page of a transform.
    ///
    /// # Errors
    /// What is wrong with the page, with its line.
    pub fn of(transform: &Transform) -> Result<Self, String> {
        Self::parse(transform.doc)
    }

    /// Reads a page.
    ///
    /// # Errors
    /// What is wrong with the page, with its line.
    pub fn parse(doc: &'static str) -> Result<Self, String> {
        let name =
            doc.strip_prefix("# ").and_then(|rest| rest.lines().next()).ok_or("1: a page starts with `# name`")?;
        let rest = doc[2 + name.len()..].trim_start();
        let (text, cases) = rest.split_once("\n## Cases\n").ok_or("a page has a section `## Cases`")?;
        let (summary, body) = text.split_once("\n\n").unwrap_or((text, ""));
        let first_line = doc.len() - cases.len();
        Ok(Self {
            name: name.trim_end(),
            summary: summary.split_whitespace().collect::<Vec<_>>().join(" "),
            body: body.trim(),
            cases: read_cases(cases, doc[..first_line].matches('\n').count() + 1)?,
        })
    }

    /// The levels at which the transform changes something or gives advice, as its cases show them.
    #[must_use]
    pub fn levels(&self) -> Vec<Claim> {
        let mut levels: Vec<Claim> =
            self.cases.iter().map(|case| case.claim).filter(|claim| *claim != Claim::Nothing).collect();
        levels.sort_unstable();
        levels.dedup();
        levels
    }

    /// Rules of other tools that the page answers: words such as `DL3009`, `SC2086` or the name of a build check, in a
    /// paragraph that starts with `Answers`.
    pub fn answers(&self) -> impl Iterator<Item = &'static str> {
        let paragraphs = self.body.split("\n\n").filter(|paragraph| paragraph.starts_with("Answers "));
        let words = paragraphs.flat_map(|paragraph| paragraph.split(|c: char| !c.is_ascii_alphanumeric()));
        words.filter(|word| {
            let digits = word.strip_prefix("DL").or_else(|| word.strip_prefix("SC")).unwrap_or("");
            digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit()) || CHECKS.contains(word)
        })
    }
}

/// The build checks of BuildKit. <https://docs.docker.com/reference/build-checks/>
pub const CHECKS: &[&str] = &[
    "ConsistentInstructionCasing",
    "CopyIgnoredFile",
    "DuplicateStageName",
    "ExposeInvalidFormat",
    "ExposeProtoCasing",
    "FromAsCasing",
    "FromPlatformFlagConstDisallowed",
    "InvalidBaseImagePlatform",
    "InvalidDefaultArgInFrom",
    "InvalidDefinitionDescription",
    "JSONArgsRecommended",
    "LegacyKeyValueFormat",
    "MaintainerDeprecated",
    "MultipleInstructionsDisallowed",
    "NoEmptyContinuation",
    "RedundantTargetPlatform",
    "ReservedStageName",
    "SecretsUsedInArgOrEnv",
    "StageNameCasing",
    "UndefinedArgInFrom",
    "UndefinedVar",
    "WorkdirRelativePath",
];

/// A rule of another tool that no page answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unanswered {
    /// `DL3008`, the name of a build check, or `SC` for all of ShellCheck's.
    pub rule: &'static str,
    /// What it asks for.
    pub says: &'static str,
    /// Why no transform does that.
    pub why: &'static str,
}

/// The rows of the table of rules that no page answers.
pub fn unanswered(table: &'static str) -> impl Iterator<Item = Unanswered> {
    let rows = table.lines().filter(|line| line.starts_with("| ")).skip(2);
    rows.filter_map(|row| {
        let mut cells = row.trim_matches('|').split(" | ").map(str::trim);
        Some(Unanswered { rule: cells.next()?, says: cells.next()?, why: cells.next()? })
    })
}

/// The table of transforms for the README.
///
/// # Errors
/// If a page cannot be read.
pub fn table(transforms: &[Transform]) -> Result<String, String> {
    let mut table = String::from("| transform | level | what it does |\n| --- | --- | --- |\n");
    for transform in transforms {
        let page = Page::of(transform)?;
        let levels = page.levels().into_iter().filter(|claim| *claim != Claim::Held);
        let mut levels: Vec<&str> = levels.map(Claim::word).collect();
        if transform.on == On::Asked {
            levels.push("when asked");
        }
        let name = page.name;
        let folder = name.replace('-', "_");
        table += &format!("| [`{name}`](transforms/{folder}/README.md) | {} | {} |\n", levels.join(", "), page.summary);
    }
    Ok(table)
}

struct Fence {
    info: &'static str,
    text: &'static str,
}

fn read_cases(text: &'static str, first_line: usize) -> Result<Vec<Case>, String> {
    let mut cases = Vec::new();
    let mut heading: Option<(&str, usize)> = None;
    let mut fences = Vec::new();
    let mut open: Option<(&str, usize)> = None;
    let mut offset = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let (start, bare) = (offset, line.trim_end_matches('\n'));
        offset += line.len();
        if let Some((info, from)) = open {
            if bare == "```" {
                fences.push(Fence { info, text: &text[from..start] });
                open = None;
            }
        } else if let Some(info) = bare.strip_prefix("```") {
            open = Some((info, offset));
        } else if let Some(title) = bare.strip_prefix("### ") {
            finish(&mut cases, heading.replace((title, first_line + number)), &mut fences)?;
        }
    }
    if open.is_some() {
        return Err("a fence never ends".into());
    }
    finish(&mut cases, heading, &mut fences)?;
    Ok(cases)
}

fn finish(
    cases: &mut Vec<Case>,
    heading: Option<(&'static str, usize)>,
    fences: &mut Vec<Fence>,
) -> Result<(), String> {
    let Some((heading, line)) = heading else { return Ok(()) };
    let mut case = Case {
        heading,
        line,
        claim: Claim::Nothing,
        before: String::new(),
        after: String::new(),
        context: None,
        told: None,
    };
    let mut claimed = false;
    for fence in std::mem::take(fences) {
        case.claim = match fence.info {
            "diff" => Claim::Safe,
            "diff review" => Claim::Review,
            "dockerfile" => Claim::Nothing,
            "dockerfile held" => Claim::Held,
            "dockerfile advice" => Claim::Advice,
            "toml context" => {
                case.context = Some(fence.text);
                continue;
            }
            "text" => {
                case.told = Some(fence.text);
                continue;
            }
            other => return Err(format!("{line}: unknown fence `{other}`")),
        };
        if std::mem::replace(&mut claimed, true) {
            return Err(format!("{line}: a case has one diff or Dockerfile"));
        }
        if fence.info.starts_with("diff") {
            (case.before, case.after) =
                sides(fence.text).ok_or_else(|| format!("{line}: a diff line starts with ` `, `-` or `+`"))?;
        } else {
            case.before = fence.text.into();
            case.after.clone_from(&case.before);
        }
    }
    if !claimed {
        return Err(format!("{line}: a case has a diff or a Dockerfile"));
    }
    if case.told.is_none() && matches!(case.claim, Claim::Review | Claim::Held | Claim::Advice) {
        return Err(format!("{line}: a case at this level has a `text` fence"));
    }
    cases.push(case);
    Ok(())
}

/// The two sides of a whole-file diff without headers. An empty line stands for an empty line on both.
fn sides(diff: &str) -> Option<(String, String)> {
    let (mut before, mut after) = (String::new(), String::new());
    for line in diff.split_inclusive('\n') {
        match line.as_bytes()[0] {
            b'-' => before += &line[1..],
            b'+' => after += &line[1..],
            b' ' => {
                before += &line[1..];
                after += &line[1..];
            }
            b'\n' => {
                before += line;
                after += line;
            }
            _ => return None,
        }
    }
    Some((before, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# a-b\n\nDoes a\nthing.\n\n## Why\n\nAnswers DL3009, SC2086 and UndefinedVar, not DLX or DL30.\n\nNot DL3000.\n\n## Cases\n\n### One\n\n```diff\n a\n-b\n+c\n\n d\n```\n\n### Two\n\n```dockerfile held\nx\n```\n\n```text\n1: no\n```\n";

    #[test]
    fn a_page_is_read() {
        let page = Page::parse(PAGE).unwrap();
        assert_eq!((page.name, page.summary.as_str()), ("a-b", "Does a thing."));
        assert_eq!(page.answers().collect::<Vec<_>>(), ["DL3009", "SC2086", "UndefinedVar"]);
        assert_eq!(page.levels(), [Claim::Safe, Claim::Held]);
        let [one, two] = &page.cases[..] else { panic!("two cases") };
        assert_eq!((one.before.as_str(), one.after.as_str(), one.line), ("a\nb\n\nd\n", "a\nc\n\nd\n", 14));
        assert_eq!((two.claim, two.before.as_str(), two.told), (Claim::Held, "x\n", Some("1: no\n")));
    }

    #[test]
    fn a_bad_page_is_refused() {
        for page in [
            "x",
            "# a\n",
            "# a\n\nb\n\n## Cases\n\n### c\n",
            "# a\n\nb\n\n## Cases\n\n### c\n```dockerfile held\nx\n```\n",
            "# a\n\nb\n\n## Cases\n\n### c\n```diff\nx\n```\n",
        ] {
            assert!(Page::parse(page).is_err(), "{page:?}");
        }
    }
}
