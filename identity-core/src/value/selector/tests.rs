use std::time::Instant;

use serde_json::{Value, json};

use super::*;

fn selected(selector: &str, claims: &Value) -> Vec<Value> {
    let nodes = ClaimSelector::parse(selector).unwrap().select(claims).unwrap();
    nodes.into_iter().map(|(node, _)| node.clone()).collect()
}

fn refusal(selector: &str) -> String {
    ClaimSelector::parse(selector).expect_err(selector).to_string()
}

#[test]
fn a_name_is_taken_literally() {
    let claims = json!({"https://example.com/roles": "a", "a.b": "c", "x:y": "z", "a": {"b": "nested"}});
    assert_eq!(selected("https://example.com/roles", &claims), [json!("a")]);
    assert_eq!(selected("a.b", &claims), [json!("c")]);
    assert_eq!(selected("x:y", &claims), [json!("z")]);
    assert_eq!(selected("missing", &claims), Vec::<Value>::new());
}

#[test]
fn a_dollar_begins_a_path() {
    let claims = json!({"a": {"b": ["x", "y"]}, "https://e/c": {"y": 1}});
    assert_eq!(selected("$.a.b", &claims), [json!(["x", "y"])]);
    assert_eq!(selected("$.a.b[*]", &claims), [json!("x"), json!("y")]);
    assert_eq!(selected("$['https://e/c']['y']", &claims), [json!(1)]);
    assert_eq!(selected("$.a.b[1]", &claims), [json!("y")]);
    assert_eq!(selected("$.a.b[-1]", &claims), [json!("y")]);
    assert_eq!(selected("$..b[0]", &claims), [json!("x")]);
    assert_eq!(selected("$.a.c", &claims), Vec::<Value>::new());
    assert_eq!(selected("$[\"a\"] [ 'b' ] [ 0 ]", &claims), [json!("x")]);
    assert_eq!(selected(r"$['\u0061']['\u0062'][0]", &claims), [json!("x")]);
    assert_eq!(selected(r"$['\ud83d\ude00']", &json!({"😀": 1})), [json!(1)]);
}

#[test]
fn what_providers_need_is_supported() {
    let claims = json!({
        "urn:zitadel:iam:org:project:roles": {"admin": {"1": "example.org"}},
        "realm_access": {"roles": ["r"]},
        "resource_access": {"web-modeler": {"roles": ["user"]}, "console": {"roles": ["c"]}},
        "https://example.com/roles": ["auth0"],
        "cognito:groups": ["pool"],
        "groups": [{"name": "t", "type": "team"}, {"name": "o", "type": "org"}],
    });
    assert_eq!(selected("$['urn:zitadel:iam:org:project:roles'].admin['1']", &claims), [json!("example.org")]);
    assert_eq!(selected("$.realm_access.roles[*]", &claims), [json!("r")]);
    assert_eq!(selected("$.resource_access['web-modeler'].roles", &claims), [json!(["user"])]);
    assert_eq!(selected("$.resource_access.*.roles[*]", &claims), [json!("c"), json!("user")]);
    assert_eq!(selected("$['https://example.com/roles'][*]", &claims), [json!("auth0")]);
    assert_eq!(selected("cognito:groups", &claims), [json!(["pool"])]);
    assert_eq!(selected("$.groups[?@.type=='team'].name", &claims), [json!("t")]);
    assert_eq!(selected("$..roles", &claims).len(), 3);
}

/// Other dialects allow dashes in names without brackets, and parentheses around filters.
#[test]
fn paths_of_other_dialects_are_read_where_their_meaning_is_plain() {
    let claims = json!({
        "resource_access": {"web-modeler": {"roles": ["user"]}, "3scale": {"roles": ["api"]}},
        "cognito:groups": ["pool"],
        "acme": [{"id": "r1", "my-app": 1}, {"id": "r2"}],
    });
    assert_eq!(selected("$.resource_access.web-modeler.roles", &claims), [json!(["user"])]);
    assert_eq!(selected("$.resource_access.3scale.roles[0]", &claims), [json!("api")]);
    assert_eq!(selected("$.cognito:groups[*]", &claims), [json!("pool")]);
    assert_eq!(selected("$.acme[?(@.id == 'r1')].id", &claims), [json!("r1")]);
    assert_eq!(selected("$.acme[?( @.id == 'r1' || @.id == 'r2' )].id", &claims).len(), 2);
    assert_eq!(selected("$.acme[?(@.my-app==1)].id", &claims), [json!("r1")]);
}

#[test]
fn filters_compare_members_with_literals() {
    let claims = json!({"g": [
        {"n": "a", "on": true, "x": 1}, {"n": "b", "on": false, "x": 2.5}, {"n": "c", "x": null}, "d", [7, 8],
    ]});
    let names = |filter: &str| -> Vec<Value> { selected(&format!("$.g[{filter}].n"), &claims) };
    for (filter, expected) in [
        ("?@.on == true", vec!["a"]),
        ("?@.on != true", vec!["b", "c"]),
        ("?@.on", vec!["a", "b"]),
        ("?!@.on", vec!["c"]),
        ("?@.x >= 1 && @.x < 2.5", vec!["a"]),
        ("?@.x == 1.0", vec!["a"]),
        ("?2 < @.x", vec!["b"]),
        ("?@.x == null || @.n == \"a\"", vec!["a", "c"]),
        ("?@['n'] > 'a' && @.on || @.n=='a'", vec!["a", "b"]),
    ] {
        assert_eq!(names(filter), expected, "{filter}");
    }
    assert_eq!(selected("$.g[?@ == 'd']", &claims), [json!("d")]);
    assert_eq!(selected("$.g[?@[1] == 8][0]", &claims), [json!(7)]);
    assert_eq!(selected("$.g[?@[-1] == 8][0]", &claims), [json!(7)]);
}

#[test]
fn a_refusal_says_what_is_wrong_where_and_what_would_be_right() {
    for (text, place, hint) in [
        ("$.", 3, "brackets, such as `['my.app']`"),
        ("$[", 3, "a quoted name, an index, `*` or a filter"),
        ("$.a[?", 6, "`@.type == 'team'`"),
        ("$a", 2, "a step begins with `.` or `[`"),
        ("$['a'", 6, "a `]` is missing"),
        ("$['a", 3, "the quotation mark is not closed"),
        ("$.a+b", 4, "put other names in brackets"),
        ("$..a..b", 5, "name the members between"),
        ("$[?@.a][?@.b]", 8, "join the conditions"),
        ("$['a','b']", 6, "create a rule for each"),
        ("$.a[0:2]", 6, "use an index or `*`"),
        ("$[01]", 3, "without leading zeros"),
        ("$[?count($..a) > 1]", 4, "functions and queries are not supported"),
        ("$[?@[?@.a]]", 6, "names and indexes only"),
        ("$[?@..a]", 6, "names and indexes only"),
        ("$[?@.a == $.b]", 11, "functions and queries are not supported"),
        ("$[?$.a == 1]", 4, "begin with `@`"),
        ("$[?((@.a))]", 5, "around a whole filter only"),
        ("$[?(@.a) && @.b]", 10, "around a whole filter only"),
        ("$[?(@.a]", 8, "around a whole filter only"),
        ("$.acme[?(@.id =~ /r.*/)].id", 15, "regular expressions are not supported; write a comparison for each text"),
        ("$[?@.a = 1]", 8, "comparisons are `==`"),
        ("$[?@.a & @.b]", 9, "joined by `&&` or `||`"),
        (r"$['\x']", 5, "needs no backslash"),
        (r"$['\ud800']", 5, "four hexadecimal digits"),
    ] {
        let refusal = refusal(text);
        assert!(
            refusal.starts_with("claim name must be the name of a claim, or a path of names, indexes"),
            "{refusal}"
        );
        assert!(refusal.contains(&format!("at character {place}: ")) && refusal.contains(hint), "{text}: {refusal}");
    }
    assert!(refusal("").contains("blank"));
    assert!(refusal(&format!("${}", ".a".repeat(300))).contains("512"));
    assert!(refusal(&format!("${}", ".a".repeat(40))).contains("more than 32 steps"));
    assert!(refusal(&format!("$[?@{}]", ".a".repeat(40))).contains("more than 32 steps"));
    assert!(refusal(&format!("$[?{}@.a]", "@.a||".repeat(40))).contains("at most 16 conditions"));
}

/// An earlier parser with backtracking took eleven seconds for nineteen nested levels. Each further level doubled the
/// time.
#[test]
fn parsing_is_linear_in_the_text() {
    let begun = Instant::now();
    for text in [
        format!("${}1{}", "[?@".repeat(60), "]".repeat(60)),
        format!("$[?{}@.a{}]", "(".repeat(120), ")".repeat(120)),
        format!("$[?{}@.a]", "!".repeat(400)),
        format!("$[?count({}]", "$..[?count(".repeat(40)),
        "$[?count($..[?count($..[?count($..*) > 0]) > 0]) > 0]".to_owned(),
        format!("${}", "..*".repeat(160)),
        format!("$['{}", "\\'".repeat(250)),
    ] {
        assert!(ClaimSelector::parse(&text).is_err(), "{text}");
    }
    assert!(begun.elapsed().as_millis() < 200, "{:?}", begun.elapsed());
}

#[test]
fn a_stored_text_that_is_refused_today_is_kept_and_disabled() {
    let text = "$[?count($..*) > 1]";
    let stored = ClaimSelector::stored(text);
    assert_eq!((stored.as_str(), stored.segments()), (text, None));
    assert!(stored.disabled().is_some_and(|reason| reason.to_string().contains("at character 4")));
    assert_eq!(stored.select(&json!({"a": [1, 2]})), Ok(Vec::new()));
    assert_eq!(serde_json::to_value(&stored).unwrap(), json!(text));
    let read: ClaimSelector = serde_json::from_value(json!(text)).unwrap();
    assert_eq!(read, stored);
    assert!(ClaimSelector::stored("$..a").disabled().is_none());
}

#[test]
fn an_evaluation_that_takes_too_many_steps_is_refused() {
    let wide = |width: usize| json!({"a": vec![json!({"b": [1]}); width]});
    let filter = ClaimSelector::parse("$..[?@.b[0] == 1 || @.b[0] == 2]").unwrap();
    assert_eq!(filter.select(&wide(1000)).map(|nodes| nodes.len()), Ok(1000));
    assert_eq!(filter.select(&wide(100_000)), Err(OverBudget));
}
