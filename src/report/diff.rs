//! A unified diff that `patch -p1` and `git apply` take.

use similar::TextDiff;

/// The unified diff from `before` to `after` of the file at `path`, with `a/` and `b/` before the path; empty if they are
/// equal.
#[must_use]
pub fn unified(path: &str, before: &str, after: &str) -> String {
    if before == after {
        return String::new();
    }
    // Lines end at LF only: `TextDiff::from_lines` would also end them at a lone CR, which `patch` does not.
    let (old, new): (Vec<&str>, Vec<&str>) =
        (before.split_inclusive('\n').collect(), after.split_inclusive('\n').collect());
    let diff = TextDiff::configure().newline_terminated(true).diff_slices(&old, &new);
    let (a, b) = (header("a", path), header("b", path));
    diff.unified_diff().context_radius(3).header(&a, &b).to_string()
}

/// The unified diff that makes a file at `path`.
#[must_use]
pub fn created(path: &str, text: &str) -> String {
    let new: Vec<&str> = text.split_inclusive('\n').collect();
    let diff = TextDiff::configure().newline_terminated(true).diff_slices(&[], &new);
    diff.unified_diff().header("/dev/null", &header("b", path)).to_string()
}

/// A path as git writes it in a diff: quoted where it holds control characters, quotes or backslashes, and followed by a
/// tab where it holds a blank, so that `patch` does not take what follows for a date.
fn header(side: &str, path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path).trim_start_matches('/');
    if path.bytes().any(|byte| byte < 0x20 || matches!(byte, b'"' | b'\\' | 0x7f)) {
        let mut quoted = format!("\"{side}/");
        for c in path.chars() {
            match c {
                '"' | '\\' => quoted.extend(['\\', c]),
                '\n' => quoted += "\\n",
                '\t' => quoted += "\\t",
                '\r' => quoted += "\\r",
                c if c.is_ascii_control() => quoted += &format!("\\{:03o}", u32::from(c)),
                c => quoted.push(c),
            }
        }
        return quoted + "\"";
    }
    let tab = if path.contains(' ') { "\t" } else { "" };
    format!("{side}/{path}{tab}")
}

#[cfg(test)]
mod tests {
    use super::{created, unified};

    #[test]
    fn a_file_is_created() {
        assert_eq!(created("a/b", "x\ny\n"), "--- /dev/null\n+++ b/a/b\n@@ -0,0 +1,2 @@\n+x\n+y\n");
    }

    #[test]
    fn equal_texts_have_no_diff() {
        assert_eq!(unified("Dockerfile", "a\n", "a\n"), "");
    }

    #[test]
    fn a_missing_final_line_break_is_said() {
        assert_eq!(
            unified("a b/Dockerfile", "x\ny", "x\nz"),
            "--- a/a b/Dockerfile\t\n+++ b/a b/Dockerfile\t\n@@ -1,2 +1,2 @@\n x\n-y\n\\ No newline at end of file\n+z\n\\ No newline at end of file\n"
        );
    }

    #[test]
    fn carriage_returns_stay_in_their_lines() {
        assert_eq!(
            unified("/tmp/\"q\"", "a\rb\r\n", "a\rc\r\n"),
            "--- \"a/tmp/\\\"q\\\"\"\n+++ \"b/tmp/\\\"q\\\"\"\n@@ -1 +1 @@\n-a\rb\r\n+a\rc\r\n"
        );
    }
}
