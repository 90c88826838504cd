//! The accounts that a RUN creates: `useradd` and `adduser`, where they are certain to run and easy to read.

use super::log::Account;
use crate::images::Family;
use crate::shell::{Command, Operator, Script, Simple};

/// What changes accounts that are there, or writes passwd by other means.
const CHANGES: &[&str] =
    &["usermod", "userdel", "deluser", "groupmod", "vipw", "/etc/passwd", "newusers", "fixuid", "fix-permissions"];

/// Whether a RUN with this text can change accounts in a way that is not read here.
pub(super) fn may_change(text: &str) -> bool {
    CHANGES.iter().any(|word| text.contains(word))
}

/// Whether it is worth reading.
pub(super) fn may_create(text: &str) -> bool {
    text.contains("useradd") || text.contains("adduser")
}

/// The accounts that `script` creates. `family` tells which `adduser` there is.
pub(super) fn created(script: &Script, family: Option<Family>) -> Vec<(Box<str>, Account)> {
    let Ok(body) = script.body() else { return Vec::new() };
    let mut found = Vec::new();
    for item in &body.items {
        // Behind `||` it may not have run, and before it, it may have failed.
        if item.and_or.rest.iter().any(|(operator, _, _)| *operator == Operator::Or) {
            continue;
        }
        for pipeline in std::iter::once(&item.and_or.first).chain(item.and_or.rest.iter().map(|(_, _, it)| it)) {
            if let [Command::Simple(simple)] = &pipeline.commands[..]
                && !pipeline.negated
            {
                found.extend(account(simple, family));
            }
        }
    }
    found
}

/// How options are written.
struct Dialect {
    /// Short options with a value.
    short: &'static str,
    /// Short options without one.
    flags: &'static str,
    /// Long options with a value.
    long: &'static [&'static str],
    /// Long options without one.
    long_flags: &'static [&'static str],
}

/// useradd(8) of shadow-utils.
const USERADD: Dialect = Dialect {
    short: "ugGdscbpkefK",
    flags: "mMrlNUoD",
    long: &[
        "uid",
        "gid",
        "groups",
        "home-dir",
        "home",
        "shell",
        "comment",
        "base-dir",
        "password",
        "skel",
        "expiredate",
        "inactive",
        "key",
    ],
    long_flags: &[
        "create-home",
        "no-create-home",
        "system",
        "no-log-init",
        "no-user-group",
        "user-group",
        "non-unique",
    ],
};

/// adduser of BusyBox. <https://git.busybox.net/busybox/tree/loginutils/adduser.c>
const BUSYBOX: Dialect = Dialect {
    short: "hgsGuk",
    flags: "SDH",
    long: &["home", "gecos", "shell", "ingroup", "uid", "skel"],
    long_flags: &["empty-password", "disabled-password", "system", "no-create-home"],
};

/// adduser(8) of Debian.
const DEBIAN: Dialect = Dialect {
    short: "",
    flags: "q",
    long: &["home", "shell", "uid", "gid", "ingroup", "gecos", "comment", "firstuid", "lastuid", "firstgid", "lastgid"],
    long_flags: &[
        "disabled-password",
        "disabled-login",
        "system",
        "group",
        "no-create-home",
        "quiet",
        "force-badname",
        "allow-badname",
        "add_extra_groups",
        "add-extra-groups",
        "debug",
    ],
};

fn account(simple: &Simple, family: Option<Family>) -> Option<(Box<str>, Account)> {
    let words: Vec<&str> = simple.words.iter().map(|word| word.literal.as_deref()).collect::<Option<_>>()?;
    let (name, words) = match &words[..] {
        ["sudo", name, rest @ ..] | [name, rest @ ..] => (*name, rest),
        [] => return None,
    };
    let dialect = match (name.rsplit('/').next()?, family) {
        ("useradd", _) | ("adduser", Some(Family::RedHat)) => &USERADD,
        ("adduser", Some(Family::Alpine | Family::Wolfi | Family::Busybox)) => &BUSYBOX,
        ("adduser", Some(Family::Debian | Family::Ubuntu)) => &DEBIAN,
        _ => return None,
    };
    let (options, names) = options(dialect, words)?;
    let [name] = names[..] else { return None };
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')) {
        return None;
    }
    let value = |names: &[&str]| options.iter().rev().find(|(own, _)| names.contains(own)).map(|(_, value)| *value);
    let is_busybox = std::ptr::eq(dialect, &BUSYBOX);
    if value(&["D"]).is_some() && !is_busybox {
        // Changes defaults.
        return None;
    }
    let is_system = value(&["system"]).is_some();
    let home = if is_busybox { value(&["h", "home"]) } else { value(&["d", "home-dir", "home"]) };
    let home: Option<Box<str>> = match (home, value(&["b", "base-dir"])) {
        (Some(home), _) => Some(home.into()),
        (None, Some(base)) => Some(format!("{}/{name}", base.trim_end_matches('/')).into()),
        // Debian 12 and later give a system account none.
        (None, None) if is_system && std::ptr::eq(dialect, &DEBIAN) => None,
        (None, None) => Some(format!("/home/{name}").into()),
    };
    // BusyBox's `-g` is a comment.
    let gid = if is_busybox { None } else { value(&["g", "gid"]).and_then(|gid| gid.parse().ok()) };
    let account = Account {
        uid: value(&["u", "uid"]).and_then(|uid| uid.parse().ok()),
        gid,
        home: home.filter(|home| home.starts_with('/')),
    };
    Some((name.into(), account))
}

/// Options, without dashes, and their values; a flag's is empty.
type Options<'a> = Vec<(&'a str, &'a str)>;

/// The options of a command, and what is none; `None` where one is not known.
fn options<'a>(dialect: &Dialect, words: &[&'a str]) -> Option<(Options<'a>, Vec<&'a str>)> {
    let (mut options, mut names) = (Options::new(), Vec::new());
    let mut words = words.iter().copied();
    while let Some(word) = words.next() {
        if let Some(long) = word.strip_prefix("--") {
            match long.split_once('=') {
                Some((name, value)) if dialect.long.contains(&name) => options.push((name, value)),
                None if dialect.long.contains(&long) => options.push((long, words.next()?)),
                None if dialect.long_flags.contains(&long) => options.push((long, "")),
                _ => return None,
            }
        } else if let Some(letters) = word.strip_prefix('-') {
            for (at, letter) in letters.char_indices() {
                let name = &letters[at..at + letter.len_utf8()];
                if dialect.short.contains(letter) {
                    let rest = &letters[at + letter.len_utf8()..];
                    options.push((name, if rest.is_empty() { words.next()? } else { rest }));
                    break;
                }
                if !dialect.flags.contains(letter) {
                    return None;
                }
                options.push((name, ""));
            }
        } else {
            names.push(word);
        }
    }
    Some((options, names))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::SourceMap;

    #[test]
    fn accounts_are_read_or_left() {
        use Family::{Alpine, Debian, RedHat};
        type Found = Option<(&'static str, Option<u32>, Option<u32>, Option<&'static str>)>;
        let cases: &[(Family, &str, Found)] = &[
            (Debian, "useradd app", Some(("app", None, None, Some("/home/app")))),
            (
                Debian,
                "groupadd -g 10001 app && useradd --uid 10001 --gid=10001 -ms /bin/bash app",
                Some(("app", Some(10001), Some(10001), Some("/home/app"))),
            ),
            (Debian, "set -eux; useradd -lmu1000 -d /srv app", Some(("app", Some(1000), None, Some("/srv")))),
            (Debian, "useradd -b /opt/ -r app", Some(("app", None, None, Some("/opt/app")))),
            (Debian, "sudo useradd -u 5 app", Some(("app", Some(5), None, Some("/home/app")))),
            (Debian, "useradd -d home app", Some(("app", None, None, None))),
            (Debian, "useradd -u $UID app", None),
            (Debian, "useradd app || true", None),
            (Debian, "id app || useradd app", None),
            (Debian, "if x; then useradd app; fi", None),
            (Debian, "useradd -Z x app", None),
            (Debian, "useradd -D", None),
            (Debian, "useradd -u", None),
            (Debian, "echo useradd app", None),
            (
                Debian,
                "adduser --disabled-password --gecos '' --uid 1000 app",
                Some(("app", Some(1000), None, Some("/home/app"))),
            ),
            (Debian, "adduser --system --group app", Some(("app", None, None, None))),
            (Debian, "adduser --system --home /app app", Some(("app", None, None, Some("/app")))),
            (Debian, "adduser app docker", None),
            (Debian, "adduser -D app", None),
            (
                Alpine,
                "addgroup -g 10001 app && adduser -D -u 10001 -G app -g x app",
                Some(("app", Some(10001), None, Some("/home/app"))),
            ),
            (Alpine, "adduser -S -h /srv app", Some(("app", None, None, Some("/srv")))),
            (RedHat, "adduser -u 7 -g 8 app", Some(("app", Some(7), Some(8), Some("/home/app")))),
            (Family::Unknown, "adduser app", None),
        ];
        for (family, text, expected) in cases {
            let found = created(&Script::parse(*text, SourceMap::default()), Some(*family));
            let expected = expected
                .map(|(name, uid, gid, home)| (Box::from(name), Account { uid, gid, home: home.map(Into::into) }));
            assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{text}");
        }
    }
}
