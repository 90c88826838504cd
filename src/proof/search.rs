//! Which finding is to blame: a search over what was applied, by key.
//!
//! What is applied in order has a first bad prefix, and the last finding of that is to blame: alone, or together with
//! one before it, which then is kept. It is denied, and the search starts again with what the pipeline does without it.

use crate::pipeline::Key;

/// A finding that was taken back.
#[derive(Clone, Debug)]
pub struct Rejected<R> {
    /// Its key.
    pub key: Key,
    /// What went wrong with it.
    pub reason: R,
}

/// What is left, and what was taken back.
#[derive(Clone, Debug)]
pub struct Found<R> {
    /// All denied keys: what the pipeline has to leave out.
    pub denied: Vec<Key>,
    /// What was taken back, in the order in which it was found.
    pub rejected: Vec<Rejected<R>>,
    /// Set if even without any change it is bad: what goes wrong then.
    pub hopeless: Option<R>,
}

/// Denies findings until the rest is good.
///
/// `plan` answers which findings are applied, in order, if these are denied; `try_it` whether what comes out then is
/// good, or why not.
///
/// # Errors
/// The first error that `try_it` answers with.
pub fn search<R, E>(
    mut plan: impl FnMut(&[Key]) -> Vec<Key>,
    mut try_it: impl FnMut(&[Key]) -> Result<Option<R>, E>,
) -> Result<Found<R>, E> {
    let mut found = Found { denied: Vec::new(), rejected: Vec::new(), hopeless: None };
    loop {
        let Some(mut reason) = try_it(&found.denied)? else { return Ok(found) };
        let applied = plan(&found.denied);
        if applied.is_empty() {
            found.hopeless = Some(reason);
            return Ok(found);
        }
        // Nothing applied is good, everything is bad; what is in between decides.
        let (mut good, mut bad) = (0, applied.len());
        while bad - good > 1 {
            let middle = good.midpoint(bad);
            let denied = prefix(&mut plan, &found.denied, &applied[..middle], &applied[middle..]);
            match try_it(&denied)? {
                None => good = middle,
                Some(why) => (bad, reason) = (middle, why),
            }
        }
        let key = applied[bad - 1].clone();
        found.denied.push(key.clone());
        found.rejected.push(Rejected { key, reason });
    }
}

/// What to deny so that nothing but `wanted` is applied: all later ones, and whatever the pipeline does in their place.
fn prefix(plan: &mut impl FnMut(&[Key]) -> Vec<Key>, denied: &[Key], wanted: &[Key], later: &[Key]) -> Vec<Key> {
    let mut denied: Vec<Key> = denied.iter().chain(later).cloned().collect();
    // Each round denies more; a pipeline that always finds another way ends here all the same.
    for _ in 0..16 {
        let others: Vec<Key> = plan(&denied).into_iter().filter(|key| !wanted.contains(key)).collect();
        if others.is_empty() {
            break;
        }
        denied.extend(others);
    }
    denied
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> Key {
        Key(name.into())
    }

    /// Searches among `all`, where each of `bad` is a set that fails together. Answers with what was denied, and how
    /// often something was tried.
    fn run(all: &[&str], bad: &[&[&str]]) -> (Vec<String>, usize) {
        let plan = |denied: &[Key]| all.iter().map(|name| key(name)).filter(|key| !denied.contains(key)).collect();
        let mut tried = 0;
        let found = search(plan, |denied| {
            tried += 1;
            let applied: Vec<Key> = plan(denied);
            let fails = bad.iter().find(|set| set.iter().all(|name| applied.contains(&key(name))));
            Ok::<_, ()>(fails.map(|set| set.join("+")))
        });
        let found = found.expect("no error");
        assert!(found.hopeless.is_none());
        assert_eq!(found.denied, found.rejected.iter().map(|it| it.key.clone()).collect::<Vec<_>>());
        (found.denied.into_iter().map(|key| key.0.into_string()).collect(), tried)
    }

    #[test]
    fn what_is_good_is_tried_once() {
        assert_eq!(run(&["a", "b", "c"], &[]), (vec![], 1));
        assert_eq!(run(&[], &[]), (vec![], 1));
    }

    #[test]
    fn each_bad_one_is_found_and_the_others_are_kept() {
        let all = ["a", "b", "c", "d", "e", "f", "g", "h"];
        for bad in all {
            let (denied, tried) = run(&all, &[&[bad]]);
            assert_eq!(denied, [bad]);
            assert!(tried <= 5, "{bad} took {tried} builds");
        }
        assert_eq!(run(&all, &[&["b"], &["g"], &["h"]]).0, ["b", "g", "h"]);
        assert_eq!(run(&["a"], &[&["a"]]).0, ["a"]);
    }

    #[test]
    fn of_two_that_only_fail_together_the_later_is_taken_back() {
        assert_eq!(run(&["a", "b", "c", "d"], &[&["a", "c"]]).0, ["c"]);
        assert_eq!(run(&["a", "b", "c", "d"], &[&["a", "c"], &["a", "d"], &["b"]]).0, ["b", "c", "d"]);
    }

    #[test]
    fn what_comes_in_the_place_of_a_denied_one_is_kept_out_of_a_trial() {
        // Without `b`, `c` turns into `c2`; `c` and `c2` are bad.
        let plan = |denied: &[Key]| {
            let c = if denied.contains(&key("b")) { "c2" } else { "c" };
            ["a", "b", c].iter().map(|name| key(name)).filter(|key| !denied.contains(key)).collect::<Vec<_>>()
        };
        let found = search(plan, |denied| {
            Ok::<_, ()>(plan(denied).iter().find(|key| key.0.starts_with('c')).map(|key| key.0.clone()))
        });
        assert_eq!(found.expect("no error").denied, [key("c")]);
    }

    #[test]
    fn bad_without_any_change_is_hopeless() {
        let found = search(|_| Vec::new(), |_| Ok::<_, ()>(Some("broken"))).expect("no error");
        assert_eq!(found.hopeless, Some("broken"));
    }
}
