//! The contract of [`AuditLog::search`]: matching entries.

use identity_core::entity::{Actor, AuditEntity, AuditEvent, AuditOperation, AuditResult, EntityKind};
use identity_core::port::{AuditField, AuditFilter, AuditLog, AuditQuery, AuditText, TimeFilter};
use identity_core::search::{Found, LikePattern, Row, SearchBudget, SortBy, Start, TextFilter, Window};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use tokio::time::timeout;

use crate::audit_log::written;
use crate::sample::{NOW, ann, audit, client_ann};
use crate::{Backend, NEVER, PATIENCE};

pub(crate) const TEXTS: [AuditText; 12] = [
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

/// Entity keys that a search could confuse with patterns, the end of a text, or each other.
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

pub(crate) fn related(kind: EntityKind, key: &str) -> Option<AuditEntity> {
    Some(AuditEntity { kind, key: key.to_owned() })
}

/// Entries of many kinds, with equal and different times, with and without optional fields.
pub(crate) fn sample() -> Vec<AuditEvent> {
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

pub(crate) async fn append(log: &dyn AuditLog, events: &[AuditEvent]) {
    log.append(events).await.unwrap();
}

pub(crate) async fn search(
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

pub(crate) fn keys(events: &[AuditEvent]) -> Vec<&str> {
    events.iter().map(|event| event.entity.key.as_str()).collect()
}

pub(crate) fn owned(texts: &[&str]) -> Option<Vec<String>> {
    Some(texts.iter().map(|text| (*text).to_owned()).collect())
}

fn like(pattern: &str) -> TextFilter {
    TextFilter { like: Some(LikePattern::parse(pattern).unwrap()), ..TextFilter::default() }
}

/// All kinds of conditions that involve `text`.
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
                let expected: Vec<_> = all
                    .iter()
                    .filter(|event| condition.matches(of(event).as_deref(), &SearchBudget::default()))
                    .collect();
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
        log.append(&[AuditEvent { at: at(n), ..audit(&n.to_string()) }]).await.unwrap();
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
