//! Compares selectors with the JSONPath library: every accepted path has the meaning defined in RFC 9535.

use identity_core::value::ClaimSelector;
use proptest::prelude::*;
use serde_json::{Value, json};
use serde_json_path::JsonPath;

const NAMES: &[&str] = &["a", "b", "c_1", "ä", "x-y", "it's", "q\"", "\\"];

fn name() -> impl Strategy<Value = String> {
    proptest::sample::select(NAMES).prop_map(str::to_owned)
}

fn claims() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-2..3i64).prop_map(Value::from),
        Just(json!(1.0)),
        Just(json!(1.5)),
        name().prop_map(Value::from),
    ];
    let node = leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::btree_map(name(), inner, 0..5).prop_map(|members| json!(members)),
        ]
    });
    proptest::collection::btree_map(name(), node, 0..6).prop_map(|members| json!(members))
}

fn quoted() -> impl Strategy<Value = String> {
    (name(), any::<bool>()).prop_map(|(name, single)| {
        let quote = if single { '\'' } else { '"' };
        let escaped = name.replace('\\', "\\\\").replace(quote, &format!("\\{quote}"));
        format!("{quote}{escaped}{quote}")
    })
}

fn dotted() -> impl Strategy<Value = String> {
    proptest::sample::select(&NAMES[..4]).prop_map(|name| format!(".{name}"))
}

fn single() -> impl Strategy<Value = String> {
    prop_oneof![
        dotted(),
        quoted().prop_map(|name| format!("[{name}]")),
        (-3..4i64).prop_map(|place| format!("[{place}]")),
    ]
}

/// A step of a path in a filter. The library ignores negative indices there.
fn member() -> impl Strategy<Value = String> {
    single().prop_filter("a negative place", |step| !step.contains("[-"))
}

/// A comparison or existence test. The library orders booleans, whereas RFC 9535 (§2.3.5.2.2) orders only numbers and
/// strings.
fn condition() -> impl Strategy<Value = String> {
    let member = proptest::collection::vec(member(), 0..3).prop_map(|steps| format!("@{}", steps.concat())).boxed();
    let comparator = proptest::sample::select(&["==", "!=", "<", "<=", ">", ">="][..]);
    let literal = prop_oneof![
        quoted(),
        proptest::sample::select(&["true", "false", "null", "0", "1", "-1", "1.0", "1.5", "1e0", "-0"][..])
            .prop_map(str::to_owned),
    ]
    .boxed();
    prop_oneof![
        member.clone(),
        member.clone().prop_map(|member| format!("!{member}")),
        (member.clone(), comparator.clone(), literal.clone()).prop_map(|(m, c, l)| format!("{m} {c} {l}")),
        (member, comparator, literal).prop_map(|(m, c, l)| format!("{l}{c}{m}")),
    ]
    .prop_filter("an order of booleans", |text| {
        !(text.contains(['<', '>']) && ["true", "false"].iter().any(|word| text.contains(word)))
    })
}

fn filter() -> impl Strategy<Value = String> {
    let joint = proptest::sample::select(&[" && ", " || ", "&&", "||"][..]);
    (condition(), proptest::collection::vec((joint, condition()), 0..3)).prop_map(|(first, rest)| {
        rest.iter().fold(format!("[?{first}"), |text, (joint, next)| text + joint + next) + "]"
    })
}

fn step() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => single(),
        1 => Just(".*".to_owned()),
        1 => Just("[*]".to_owned()),
        1 => Just("[ * ]".to_owned()),
    ]
}

/// A path of the supported subset: steps with at most one descendant step and at most one filter.
fn path() -> impl Strategy<Value = String> {
    let steps = || proptest::collection::vec(step(), 0..3).prop_map(|steps| steps.concat());
    let below = prop_oneof![
        Just(String::new()),
        proptest::sample::select(&["..a", "..*", "..[0]", "..['x-y']"][..]).prop_map(str::to_owned),
        filter().prop_map(|filter| format!("..{filter}")),
    ];
    let filter = prop_oneof![Just(String::new()), filter()];
    (steps(), below, steps(), filter, steps()).prop_map(|(first, below, then, filter, last)| {
        let filter = if below.contains('?') { String::new() } else { filter };
        format!("${first}{below}{then}{filter}{last}")
    })
}

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort();
    texts
}

/// The path with dotted names in brackets, a notation in which the library accepts every name.
fn in_brackets(text: &str) -> String {
    let mut written = String::new();
    let mut characters = text.chars().peekable();
    let mut is_in_path = false;
    while let Some(next) = characters.next() {
        let mut name = String::new();
        if next == '.' && is_in_path {
            let is_deep = characters.next_if_eq(&'.').is_some();
            while let Some(c) = characters.next_if(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ':')) {
                name.push(c);
            }
            written += if is_deep {
                ".."
            } else if name.is_empty() {
                "."
            } else {
                ""
            };
            if !name.is_empty() {
                written += &format!("['{name}']");
            }
        } else {
            is_in_path = matches!(next, '$' | '@' | ']' | '*');
            written.push(next);
        }
    }
    written
}

proptest! {
    #[test]
    fn a_path_selects_what_the_library_selects(path in path(), claims in claims()) {
        let selector = ClaimSelector::parse(&path).unwrap();
        let library = JsonPath::parse(&path).unwrap();
        let ours = selector.select(&claims).unwrap().iter().map(|(node, _)| node.to_string()).collect();
        let theirs = library.query(&claims).all().iter().map(|node| node.to_string()).collect();
        prop_assert_eq!(sorted(ours), sorted(theirs), "{}", path);
    }

    /// Texts similar to paths. They are short because the library backtracks.
    #[test]
    fn what_is_accepted_is_a_query_for_the_library(text in r#"\$[.\[\]*?@'"a0 =!<&|,:()\\u1-]{0,10}"#) {
        if ClaimSelector::parse(&text).is_ok() {
            prop_assert!(JsonPath::parse(&in_brackets(&text)).is_ok(), "{}", text);
        }
    }
}
