//! The contract of [`AuditLog::search`].

use identity_core::entity::{Actor, AuditEntity, AuditEvent, AuditOperation, AuditResult, EntityKind};
use identity_core::port::{AuditField, AuditFilter, AuditLog, AuditQuery, AuditText, TimeFilter};
use identity_core::search::{Cursor, Found, LikePattern, Order, Row, SortBy, Start, TextFilter, Window};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use tokio::time::timeout;

use crate::audit_log::written;
use crate::sample::{NOW, ann, audit, client_ann};
use crate::{Backend, NEVER, PATIENCE};

const TEXTS: [AuditText; 12] = [
    AuditText::Key,
    AuditText::EntityKey,
    AuditText::EntityType,
    AuditText::Operation,
    AuditText::ActorId,
    AuditText::ActorType,
    AuditText::Result,
    AuditText::RelatedEntityKey,
    AuditText::RelatedEntityType,
    AuditText::Category,
    AuditText::Reason,
    AuditText::Absent,
];

/// Entity keys that a search could take for patterns, for the end of a text, or for each other.
const KEYS: [&str; 20] = [
    "a",
    "A",
    "ab",
    "",
    "a%b",
    "a_b",
    "aXb",
    "a*b",
    "a?b",
    "a[b]c",
    "a\\b",
    "a!b",
    "a]b",
    "'a'",
    "ä",
    "zoë",
    "😀",
    "\u{e000}",
    "a\u{0}b",
    "Straße 12",
];

fn related(kind: EntityKind, key: &str) -> Option<AuditEntity> {
    Some(AuditEntity { kind, key: key.to_owned() })
}

/// Entries of many kinds: at one time and at others, with and without what is optional.
fn sample() -> Vec<AuditEvent> {
    let actors = [Actor::System, Actor::Principal(ann()), Actor::Principal(client_ann()), Actor::Anonymous];
    let kinds = [EntityKind::Group, EntityKind::Role, EntityKind::MappingRule];
    let operations = [AuditOperation::Create, AuditOperation::Delete, AuditOperation::Assign];
    let results = [AuditResult::Success, AuditResult::Denied, AuditResult::Fail, AuditResult::Success];
    let others =
        [None, related(EntityKind::User, "ann"), related(EntityKind::Client, "b"), related(EntityKind::User, "")];
    let entry = |(n, key): (usize, &&str)| AuditEvent {
        at: NOW + Duration::microseconds([5, -1, 0, 5, 1_000_000][n % 5]),
        actor: actors[n % 4].clone(),
        operation: operations[n % 3],
        entity: AuditEntity { kind: kinds[n / 2 % 3], key: (*key).to_owned() },
        related: others[n / 3 % 4].clone(),
        result: results[n / 2 % 4],
        reason: (n % 3 == 0).then(|| format!("reason {}", n % 2)),
        ..audit("")
    };
    KEYS.iter().enumerate().map(entry).collect()
}

async fn append(log: &dyn AuditLog, events: &[AuditEvent]) {
    for event in events {
        log.append(event).await.unwrap();
    }
}

fn by(field: impl Into<Option<AuditText>>, order: Order) -> SortBy<AuditField> {
    SortBy { field: field.into().map_or(AuditField::Timestamp, AuditField::Text), order }
}

async fn search(
    log: &dyn AuditLog,
    filter: AuditFilter,
    sort: &[SortBy<AuditField>],
    start: Start,
    limit: usize,
) -> Found<AuditEvent> {
    log.search(&AuditQuery::new(filter, sort, &Window { start, limit }).unwrap()).await.unwrap()
}

async fn passing(log: &dyn AuditLog, filter: AuditFilter) -> Vec<AuditEvent> {
    let found = search(log, filter, &[], Start::Offset(0), usize::MAX).await;
    assert_eq!(found.total, found.items.len());
    found.items
}

async fn sorted(log: &dyn AuditLog, sort: &[SortBy<AuditField>]) -> Vec<AuditEvent> {
    search(log, AuditFilter::default(), sort, Start::Offset(0), usize::MAX).await.items
}

fn keys(events: &[AuditEvent]) -> Vec<&str> {
    events.iter().map(|event| event.entity.key.as_str()).collect()
}

fn owned(texts: &[&str]) -> Option<Vec<String>> {
    Some(texts.iter().map(|text| (*text).to_owned()).collect())
}

fn like(pattern: &str) -> TextFilter {
    TextFilter { like: Some(LikePattern::parse(pattern).unwrap()), ..TextFilter::default() }
}

/// Conditions of all kinds around a text.
fn conditions(text: &str) -> Vec<TextFilter> {
    let none = TextFilter::default;
    let text = text.to_owned();
    let prefix: String = text.chars().take(1).collect();
    vec![
        TextFilter { eq: Some(text.clone()), ..none() },
        TextFilter { neq: Some(text.clone()), ..none() },
        TextFilter { exists: Some(true), ..none() },
        TextFilter { exists: Some(false), ..none() },
        TextFilter { is_in: owned(&[&text, "USER"]), ..none() },
        TextFilter { is_in: owned(&[]), ..none() },
        TextFilter { not_in: owned(&[&text, "USER"]), ..none() },
        TextFilter { not_in: owned(&[]), ..none() },
        like(&format!("{}*", prefix.replace(['*', '?', '\\'], "?"))),
        like("?*"),
        TextFilter { neq: Some(text.clone()), exists: Some(true), not_in: owned(&["b"]), ..like("*") },
    ]
}

pub async fn every_condition_on_every_text(backend: &dyn Backend) {
    let log = backend.open(NEVER).await.audit;
    append(&*log, &sample()).await;
    let all = written(&*log).await;
    for text in TEXTS {
        let of = |event: &AuditEvent| event.text(AuditField::Text(text)).map(|text| text.into_owned());
        let mut values: Vec<String> = all.iter().filter_map(of).collect();
        values.extend(["".to_owned(), "nothing".to_owned()]);
        values.sort_unstable();
        values.dedup();
        for value in values {
            for condition in conditions(&value) {
                let expected: Vec<_> = all.iter().filter(|event| condition.matches(of(event).as_deref())).collect();
                let found = passing(&*log, AuditFilter::default().and(text, condition.clone())).await;
                assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{text:?} {condition:?}");
            }
        }
    }
}

pub async fn what_is_missing_satisfies_inequalities_only(backend: &dyn Backend) {
    let log = backend.open(NEVER).await.audit;
    let by_ann = AuditEvent { actor: Actor::Principal(ann()), ..audit("ann's") };
    append(&*log, &[by_ann, audit("nobody's")]).await;
    let none = TextFilter::default;
    let all: &[&str] = &["ann's", "nobody's"];
    for (condition, expected) in [
        (TextFilter::equals("ann"), &["ann's"][..]),
        (TextFilter::equals("Ann"), &[]),
        (TextFilter::equals(""), &[]),
        (TextFilter { neq: Some("ann".to_owned()), ..none() }, &["nobody's"]),
        (TextFilter { neq: Some("bob".to_owned()), ..none() }, all),
        (TextFilter { exists: Some(true), ..none() }, &["ann's"]),
        (TextFilter { exists: Some(false), ..none() }, &["nobody's"]),
        (TextFilter { is_in: owned(&["bob", "ann"]), ..none() }, &["ann's"]),
        (TextFilter { is_in: owned(&[]), ..none() }, &[]),
        (TextFilter { not_in: owned(&["bob", "ann"]), ..none() }, &["nobody's"]),
        (TextFilter { not_in: owned(&[]), ..none() }, all),
        (like("*"), &["ann's"]),
        (none(), all),
    ] {
        let found = passing(&*log, AuditFilter::default().and(AuditText::ActorId, condition.clone())).await;
        assert_eq!(keys(&found), expected, "{condition:?}");
    }
    for (condition, expected) in [
        (TextFilter::equals(""), &[][..]),
        (TextFilter { exists: Some(true), ..none() }, &[]),
        (like("*"), &[]),
        (TextFilter { exists: Some(false), ..none() }, all),
        (TextFilter { neq: Some(String::new()), ..none() }, all),
    ] {
        let found = passing(&*log, AuditFilter::default().and(AuditText::Absent, condition.clone())).await;
        assert_eq!(keys(&found), expected, "what is never there: {condition:?}");
    }
    let administrative = AuditFilter::default().and(AuditText::Category, TextFilter::equals("ADMIN"));
    assert_eq!(keys(&passing(&*log, administrative).await), all);
}

pub async fn patterns_take_what_they_say(backend: &dyn Backend) {
    let log = backend.open(NEVER).await.audit;
    append(&*log, &sample()).await;
    let all = keys(&sample()).into_iter().map(|key| key.replace('\0', "\u{fffd}")).collect::<Vec<_>>();
    for (pattern, expected) in [
        ("*", &all.iter().map(String::as_str).collect::<Vec<_>>()[..]),
        ("", &[""]),
        ("a", &["a"]),
        ("A", &["A"]),
        ("?", &["a", "A", "ä", "😀", "\u{e000}"]),
        ("??", &["ab"]),
        ("a?b", &["a%b", "a_b", "aXb", "a*b", "a?b", "a\\b", "a!b", "a]b", "a\u{fffd}b"]),
        ("a%b", &["a%b"]),
        ("a_b", &["a_b"]),
        ("a\\*b", &["a*b"]),
        ("a\\?b", &["a?b"]),
        ("a\\\\b", &["a\\b"]),
        ("a!b", &["a!b"]),
        ("a]b", &["a]b"]),
        ("a[b]c", &["a[b]c"]),
        ("a[^b]c", &[]),
        ("[a-z]", &[]),
        ("'a'", &["'a'"]),
        ("a\u{0}*", &["a\u{fffd}b"]),
        ("*ë", &["zoë"]),
        ("s*", &[]),
        ("S*?1*", &["Straße 12"]),
        ("*%*", &["a%b"]),
        ("%", &[]),
    ] {
        let found = passing(&*log, AuditFilter::default().and(AuditText::EntityKey, like(pattern))).await;
        assert_eq!(keys(&found), expected, "{pattern}");
    }
}

pub async fn a_hostile_pattern_ends(backend: &dyn Backend) {
    let log = backend.open(NEVER).await.audit;
    append(&*log, &[audit(&"b".repeat(20_000)), audit(&"a".repeat(20_000))]).await;
    let pattern = like(&format!("{}b", "*a".repeat(400)));
    let filter = AuditFilter::default().and(AuditText::EntityKey, pattern);
    assert_eq!(timeout(PATIENCE, passing(&*log, filter)).await.unwrap(), []);
}

pub async fn long_lists_are_searched_for(backend: &dyn Backend) {
    let log = backend.open(NEVER).await.audit;
    append(&*log, &[audit("7"), audit("x")]).await;
    let many: Option<Vec<String>> = Some((0..70_000).map(|n| n.to_string()).collect());
    let filter = |condition| AuditFilter::default().and(AuditText::EntityKey, condition);
    let found = passing(&*log, filter(TextFilter { is_in: many.clone(), ..TextFilter::default() })).await;
    assert_eq!(keys(&found), ["7"]);
    let found = passing(&*log, filter(TextFilter { not_in: many, ..TextFilter::default() })).await;
    assert_eq!(keys(&found), ["x"]);
}

pub async fn conditions_on_the_time(backend: &dyn Backend) {
    let log = backend.open(NEVER).await.audit;
    let at = |microseconds| NOW + Duration::microseconds(microseconds);
    for n in [1, 0, 2, 1] {
        log.append(&AuditEvent { at: at(n), ..audit(&n.to_string()) }).await.unwrap();
    }
    let none = TimeFilter::default;
    for (filter, expected) in [
        (none(), &["1", "0", "2", "1"][..]),
        (TimeFilter { eq: Some(at(1)), ..none() }, &["1", "1"]),
        (TimeFilter { eq: Some(at(1) + Duration::nanoseconds(999)), ..none() }, &["1", "1"]),
        (TimeFilter { neq: Some(at(1)), ..none() }, &["0", "2"]),
        (TimeFilter { exists: Some(true), ..none() }, &["1", "0", "2", "1"]),
        (TimeFilter { exists: Some(false), ..none() }, &[]),
        (TimeFilter { gt: Some(at(1)), ..none() }, &["2"]),
        (TimeFilter { gte: Some(at(1)), ..none() }, &["1", "2", "1"]),
        (TimeFilter { lt: Some(at(1)), ..none() }, &["0"]),
        (TimeFilter { lte: Some(at(1)), ..none() }, &["1", "0", "1"]),
        (TimeFilter { is_in: Some(vec![at(2), at(0), at(7)]), ..none() }, &["0", "2"]),
        (TimeFilter { is_in: Some(vec![]), ..none() }, &[]),
        (TimeFilter { gte: Some(at(1)), lt: Some(at(2)), neq: Some(at(0)), ..none() }, &["1", "1"]),
    ] {
        assert_eq!(keys(&passing(&*log, AuditFilter::default().at(filter.clone())).await), expected, "{filter:?}");
    }
    let both = AuditFilter::default().and(AuditText::EntityKey, TextFilter::equals("1"));
    let both = both.at(TimeFilter { gt: Some(at(1)), ..none() });
    assert_eq!(passing(&*log, both).await, []);
}

pub async fn times_of_any_year_are_compared(backend: &dyn Backend) {
    let log = backend.open(NEVER).await.audit;
    append(&*log, &[audit("now")]).await;
    let first: OffsetDateTime = datetime!(0000-01-01 00:00 +1);
    let last: OffsetDateTime = datetime!(9999-12-31 23:59:59 -1);
    let between = TimeFilter { gt: Some(first), lt: Some(last), ..TimeFilter::default() };
    assert_eq!(keys(&passing(&*log, AuditFilter::default().at(between)).await), ["now"]);
    let outside = TimeFilter { gte: Some(last), ..TimeFilter::default() };
    assert_eq!(passing(&*log, AuditFilter::default().at(outside)).await, []);
}

pub async fn texts_sort_by_their_bytes_and_keys_too(backend: &dyn Backend) {
    let log = backend.open(NEVER).await.audit;
    append(&*log, &sample()).await;
    let all = written(&*log).await;
    let mut expected = keys(&all);
    expected.sort_unstable();
    let ascending = sorted(&*log, &[by(AuditText::EntityKey, Order::Ascending)]).await;
    assert_eq!(keys(&ascending), expected);
    expected.reverse();
    let descending = sorted(&*log, &[by(AuditText::EntityKey, Order::Descending)]).await;
    assert_eq!(keys(&descending), expected);

    let mut texts: Vec<String> = all.iter().map(|event| event.key.to_string()).collect();
    texts.sort_unstable();
    assert_ne!(texts, all.iter().map(|event| event.key.to_string()).collect::<Vec<_>>(), "some have more digits");
    let by_key = sorted(&*log, &[by(AuditText::Key, Order::Ascending)]).await;
    assert_eq!(by_key.iter().map(|event| event.key.to_string()).collect::<Vec<_>>(), texts);
}

pub async fn what_is_missing_sorts_last_ascending_and_first_descending(backend: &dyn Backend) {
    let log = backend.open(NEVER).await.audit;
    let about = |key: &str, other: Option<&str>| AuditEvent {
        related: other.and_then(|other| related(EntityKind::User, other)),
        ..audit(key)
    };
    append(&*log, &[about("1", None), about("2", Some("b")), about("3", Some("")), about("4", None)]).await;
    let order = async |order| {
        let found = sorted(&*log, &[by(AuditText::RelatedEntityKey, order)]).await;
        keys(&found).join("")
    };
    assert_eq!(order(Order::Ascending).await, "3214", "what sorts alike ascends by key, either way");
    assert_eq!(order(Order::Descending).await, "1423");
    for field in [AuditText::Absent, AuditText::Category] {
        for order in [Order::Ascending, Order::Descending] {
            assert_eq!(keys(&sorted(&*log, &[by(field, order)]).await), ["1", "2", "3", "4"]);
        }
    }
}

pub async fn fields_sort_one_after_the_other(backend: &dyn Backend) {
    let log = backend.open(NEVER).await.audit;
    for (key, seconds, result) in [
        ("1", 1, AuditResult::Success),
        ("2", 2, AuditResult::Fail),
        ("3", 1, AuditResult::Fail),
        ("4", 2, AuditResult::Success),
        ("5", 1, AuditResult::Fail),
    ] {
        log.append(&AuditEvent { at: NOW + Duration::seconds(seconds), result, ..audit(key) }).await.unwrap();
    }
    let (up, down) = (Order::Ascending, Order::Descending);
    for (sort, expected) in [
        (&[][..], "12345"),
        (&[by(None, up)], "13524"),
        (&[by(None, down)], "24135"),
        (&[by(AuditText::Result, up), by(None, down)], "23541"),
        (&[by(None, down), by(AuditText::Result, down)], "42135"),
        (&[by(None, down), by(AuditText::Result, down), by(AuditText::EntityKey, down)], "42153"),
        (&[by(None, up), by(None, down)], "13524"),
    ] {
        assert_eq!(keys(&sorted(&*log, sort).await).join(""), expected, "{sort:?}");
    }
}

pub async fn pages_have_everything_once_in_either_direction(backend: &dyn Backend) {
    let log = backend.open(NEVER).await.audit;
    append(&*log, &sample()).await;
    let (up, down) = (Order::Ascending, Order::Descending);
    let mut sorts = vec![vec![], vec![by(None, up), by(AuditText::ActorId, down)], vec![by(None, down)]];
    for text in TEXTS {
        sorts.push(vec![by(text, up), by(None, down)]);
        sorts.push(vec![by(text, down)]);
        sorts.push(vec![by(AuditText::RelatedEntityType, down), by(text, up), by(AuditText::Reason, up)]);
    }
    let all = written(&*log).await.len();
    for sort in sorts {
        let whole = sorted(&*log, &sort).await;
        assert_eq!(whole.len(), all);
        let page = async |start| {
            let found = search(&*log, AuditFilter::default(), &sort, start, 7).await;
            assert_eq!(found.total, all);
            found
        };
        let (mut forward, mut last, mut start) = (vec![], None, Start::Offset(0));
        while let Found { items, ends: Some((_, end)), .. } = page(start).await {
            forward.extend(items);
            last = Some(end.clone());
            start = Start::After(end);
        }
        assert_eq!(forward, whole, "forward by {sort:?}");

        let mut backward = whole.last().cloned().into_iter().collect::<Vec<_>>();
        let mut start = Start::Before(last.unwrap());
        while let Found { mut items, ends: Some((first, _)), .. } = page(start).await {
            items.extend(backward);
            backward = items;
            start = Start::Before(first);
        }
        assert_eq!(backward, whole, "backward by {sort:?}");
    }
}

/// Cursors outlive what they were made of, or are of another filter.
pub async fn a_position_needs_no_entry(backend: &dyn Backend) {
    let log = backend.open(NEVER).await.audit;
    append(&*log, &["a", "c", "c", "e"].map(audit)).await;
    let first = written(&*log).await[0].key;
    let sort = [by(AuditText::EntityKey, Order::Ascending), by(AuditText::Category, Order::Descending)];
    let at = |key: &str, number: u64| Cursor {
        fields: vec![Some(key.to_owned()), Some("ADMIN".to_owned())],
        key: number.to_string(),
    };
    let missing = Cursor { fields: vec![None, None], key: "0".to_owned() };
    for (start, expected) in [
        (Start::After(at("b", u64::MAX)), "cce"),
        (Start::Before(at("b", 0)), "a"),
        (Start::After(at("c", 0)), "cce"),
        (Start::After(at("c", u64::MAX)), "e"),
        (Start::After(at("c", first + 1)), "ce"),
        (Start::Before(at("c", u64::MAX)), "acc"),
        (Start::Before(at("c", 0)), "a"),
        (Start::After(missing.clone()), ""),
        (Start::Before(missing), "acce"),
    ] {
        let found = search(&*log, AuditFilter::default(), &sort, start.clone(), 10).await;
        assert_eq!((keys(&found.items).join("").as_str(), found.total), (expected, 4), "{start:?}");
        assert_eq!(found.ends.is_some(), !expected.is_empty());
    }
    let filter = AuditFilter::default().and(AuditText::EntityKey, TextFilter::equals("e"));
    let found = search(&*log, filter, &sort, Start::After(at("c", 0)), 10).await;
    assert_eq!((keys(&found.items), found.total), (vec!["e"], 1));
}

pub async fn windows_may_lie_anywhere(backend: &dyn Backend) {
    let log = backend.open(NEVER).await.audit;
    let window = async |start, limit| {
        let found = search(&*log, AuditFilter::default(), &[by(None, Order::Descending)], start, limit).await;
        (keys(&found.items).join(""), found.total, found.ends)
    };
    assert_eq!(window(Start::Offset(0), 10).await, (String::new(), 0, None));
    for n in 1..=5 {
        log.append(&AuditEvent { at: NOW + Duration::seconds(n), ..audit(&n.to_string()) }).await.unwrap();
    }
    for (offset, limit, expected) in [
        (0, 2, "54"),
        (1, 2, "43"),
        (4, 2, "1"),
        (5, 2, ""),
        (usize::MAX, 2, ""),
        (0, 0, ""),
        (3, usize::MAX, "21"),
        (usize::MAX, usize::MAX, ""),
    ] {
        let (found, total, ends) = window(Start::Offset(offset), limit).await;
        assert_eq!((found.as_str(), total, ends.is_some()), (expected, 5, !expected.is_empty()), "{offset} {limit}");
    }
    let (_, _, ends) = window(Start::Offset(1), 3).await;
    let (first, last) = ends.unwrap();
    assert_eq!(window(Start::After(last.clone()), 1).await.0, "1");
    assert_eq!(window(Start::Before(last), 1).await.0, "3", "the window ends at the position");
    assert_eq!(window(Start::Before(first), 3).await.0, "5");
}

pub async fn totals_count_what_passes(backend: &dyn Backend) {
    let log = backend.open(NEVER).await.audit;
    append(&*log, &sample()).await;
    let denials = AuditFilter::default().and(AuditText::Result, TextFilter::equals("DENIED"));
    let expected = sample().iter().filter(|event| event.result == AuditResult::Denied).count();
    let found = search(&*log, denials.clone(), &[], Start::Offset(1), 1).await;
    assert_eq!((found.items.len(), found.total), (1, expected));
    let narrower = denials.and(AuditText::Result, TextFilter { not_in: owned(&["DENIED"]), ..TextFilter::default() });
    assert_eq!(search(&*log, narrower, &[], Start::Offset(0), 1).await.total, 0, "all conditions must hold");
}
