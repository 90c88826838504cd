//! Every rule of hadolint and every build check of BuildKit is answered by a page, or stands in the table of those that
//! are not, with the reason.

use std::collections::BTreeMap;

use dockwright::explain::{CHECKS, Page, unanswered};
use dockwright::transforms::{ALL, RULES};

/// The rules of hadolint 2.15.1. <https://github.com/hadolint/hadolint#rules>
const HADOLINT: &str = "\
    1000 1001 3000 3001 3002 3003 3004 3006 3007 3008 3009 3010 3011 3012 3013 3014 3015 3016 3018 3019 3020 3021 3022 \
    3023 3024 3025 3026 3027 3028 3029 3030 3032 3033 3034 3035 3036 3037 3038 3040 3041 3042 3043 3044 3045 3046 3047 \
    3048 3049 3050 3051 3052 3053 3054 3055 3056 3057 3058 3059 3060 3061 3062 3063 3064 3065 3066 3067 4000 4001 4003 \
    4004 4005 4006";

#[test]
fn every_rule_is_answered_or_listed_with_the_reason() {
    let mut places: BTreeMap<String, Vec<&str>> =
        HADOLINT.split_whitespace().map(|number| (format!("DL{number}"), Vec::new())).collect();
    places.extend(CHECKS.iter().map(|check| ((*check).to_owned(), Vec::new())));
    places.insert("SC".into(), Vec::new());
    for transform in ALL {
        let page = Page::of(transform).expect("a page that can be read");
        for rule in page.answers() {
            places.get_mut(rule).unwrap_or_else(|| panic!("{}: there is no rule {rule}", page.name)).push(page.name);
        }
    }
    for row in unanswered(RULES) {
        assert!(!row.says.is_empty() && !row.why.is_empty(), "{}", row.rule);
        let places = places.get_mut(row.rule).unwrap_or_else(|| panic!("rules.md: there is no rule {}", row.rule));
        assert!(
            places.is_empty(),
            "{} is answered by {}: take its row out of transforms/rules.md",
            row.rule,
            places[0]
        );
        places.push("rules.md");
    }
    let missing: Vec<&String> = places.iter().filter(|(_, places)| places.is_empty()).map(|(rule, _)| rule).collect();
    assert!(missing.is_empty(), "answered by no page, and not in transforms/rules.md: {missing:?}");
}
