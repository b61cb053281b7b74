//! The contract of [`AuditLog`].

use std::collections::BTreeMap;
use std::slice;

use identity_core::entity::{
    Actor, AuditEntity, AuditEvent, AuditOperation, AuditResult, EntityKind, FieldChange, FieldChanges,
};
use identity_core::port::{AuditFilter, AuditLog, AuditPosition, AuditQuery};
use identity_core::search::{Start, Window};
use identity_core::value::Revision;
use time::Duration;

use crate::sample::{NOW, ann, audit, client_ann, wide};
use crate::{Backend, NEVER};

/// Defines a test for each case of the audit log.
#[macro_export]
macro_rules! audit_log_suite {
    ($run:path) => {
        $crate::cases!($run, audit_log:
            old_entries_are_removed_in_batches, entries_beyond_a_number_are_removed, what_is_appended_is_found, entries_are_appended_in_their_order, an_append_that_is_given_up_leaves_all_or_none,
            keys_ascend_and_the_given_one_is_ignored, times_are_kept_to_the_microsecond,
            any_text_is_recorded, changed_fields_are_kept, pages_are_read_without_a_total,
        );
        $crate::cases!($run, audit_search:
            every_condition_on_every_text, what_is_missing_satisfies_inequalities_only, patterns_take_what_they_say,
            a_hostile_pattern_ends, long_lists_are_searched_for, conditions_on_the_time, times_of_any_year_are_compared,
        );
        $crate::cases!($run, audit_pages:
            texts_sort_by_their_bytes_and_keys_too, what_is_missing_sorts_last_ascending_and_first_descending,
            fields_sort_one_after_the_other, pages_have_everything_once_in_either_direction,
            a_position_needs_no_entry, windows_may_lie_anywhere, totals_count_what_passes,
        );
    };
}

/// All entries, oldest first.
pub async fn written(log: &dyn AuditLog) -> Vec<AuditEvent> {
    let window = Window { start: Start::Offset(0), limit: usize::MAX };
    log.search(&AuditQuery::new(AuditFilter::default(), &[], &window).unwrap()).await.unwrap().items
}

async fn append_one(log: &dyn AuditLog, event: &AuditEvent) -> u64 {
    log.append(slice::from_ref(event)).await.unwrap()[0]
}

pub async fn what_is_appended_is_found(backend: &dyn Backend) {
    let log = backend.open(NEVER).await.audit;
    let operations = [
        AuditOperation::Create,
        AuditOperation::Update,
        AuditOperation::Delete,
        AuditOperation::Assign,
        AuditOperation::Unassign,
        AuditOperation::Read,
    ];
    let kinds = [
        EntityKind::User,
        EntityKind::Client,
        EntityKind::Group,
        EntityKind::Role,
        EntityKind::Tenant,
        EntityKind::MappingRule,
        EntityKind::Authorization,
        EntityKind::Resource,
        EntityKind::AuditLog,
        EntityKind::Session,
    ];
    let actors = [Actor::Anonymous, Actor::System, Actor::Principal(ann()), Actor::Principal(client_ann())];
    let results = [AuditResult::Success, AuditResult::Fail, AuditResult::Denied];
    for n in 0..9 {
        let full = AuditEvent {
            actor: actors[n % 4].clone(),
            issuer: (n % 2 == 0).then(|| "https://login.example.com/realms/a?b='c'".into()),
            operation: operations[n % 6],
            entity: AuditEntity { kind: kinds[n], key: "zoë 😀 'x'".to_owned() },
            related: Some(AuditEntity { kind: kinds[8 - n], key: String::new() }),
            result: results[n % 3],
            reason: Some("reason".to_owned()),
            revision: Some(Revision(7)),
            request_id: Some("4bf92f35".to_owned()),
            ..audit("")
        };
        for event in [full, audit("")] {
            let key = append_one(&*log, &event).await;
            assert_eq!(log.find(key).await.unwrap(), Some(AuditEvent { key, ..event }));
        }
    }
    for unknown in [0, 1_000, u64::MAX] {
        assert_eq!(log.find(unknown).await.unwrap(), None);
    }
}

pub async fn changed_fields_are_kept(backend: &dyn Backend) {
    let log = backend.open(NEVER).await.audit;
    let text = |text: &str| Some(text.into());
    let change = |field: &'static str, before, after| FieldChange { field: field.into(), before, after };
    let changes = [
        change("name", text("Zoë \"Z\" O'Brien \\ 😀"), text("")),
        change("permissions", None, text("READ\r\n\u{1f}")),
        change("password", None, None),
    ];
    let stored = serde_json::json!({"fields": changes, "omitted": 3});
    let changes: FieldChanges = serde_json::from_value(stored).unwrap();
    let key = append_one(&*log, &AuditEvent { changes: changes.clone(), ..audit("x") }).await;
    let found = log.find(key).await.unwrap().unwrap();
    assert_eq!((found.changes.fields().len(), found.changes.omitted()), (3, 3));
    assert_eq!(found.changes, changes);
}

pub async fn pages_are_read_without_a_total(backend: &dyn Backend) {
    let log = backend.open(NEVER).await.audit;
    let at = |n: i64| AuditEvent { at: NOW + Duration::seconds(n / 2), ..audit(&n.to_string()) };
    log.append(&(0..7).map(at).collect::<Vec<_>>()).await.unwrap();
    let newest = log.search(&AuditQuery::newest(AuditFilter::default())).await.unwrap();
    assert_eq!((newest.total, newest.items.len(), newest.items[0].entity.key.as_str()), (7, 1, "6"));
    let (mut read, mut position) = (Vec::new(), None);
    loop {
        let query = AuditQuery::newest_first(AuditFilter::default(), position.take(), 3);
        let page = log.page(&query).await.unwrap();
        let Some(last) = page.last() else { break };
        assert!(page.len() <= 3);
        position = Some(AuditPosition::of(last, query.order()));
        read.extend(page.into_iter().map(|event| event.entity.key));
    }
    assert_eq!(read, ["6", "4", "5", "2", "3", "0", "1"]);
}

pub async fn entries_are_appended_in_their_order(backend: &dyn Backend) {
    let (one, two) = (backend.open(NEVER).await.audit, backend.open(NEVER).await.audit);
    assert!(one.append(&[]).await.unwrap().is_empty());
    let mut all = Vec::new();
    for (log, count) in [(&one, 1), (&two, 300), (&one, 2)] {
        // Neither the times nor the keys are in the order of the texts.
        let event = |n: i64| AuditEvent { key: 7, at: NOW - Duration::seconds(n), ..audit(&(n * 7 % 300).to_string()) };
        let events: Vec<AuditEvent> = (0..count).map(event).collect();
        let keys = log.append(&events).await.unwrap();
        assert_eq!(keys.len(), events.len());
        all.extend(keys.into_iter().zip(events).map(|(key, event)| AuditEvent { key, ..event }));
    }
    assert!(all.is_sorted_by(|older, newer| older.key < newer.key));
    for event in &all {
        assert_eq!(one.find(event.key).await.unwrap().as_ref(), Some(event));
    }
    assert_eq!(written(&*two).await.len(), all.len());
}

pub async fn an_append_that_is_given_up_leaves_all_or_none(backend: &dyn Backend) {
    let log = backend.open(NEVER).await.audit;
    let (mut given_up, mut whole) = (0, 0);
    for round in 0..40_u64 {
        let events: Vec<AuditEvent> = (0..50).map(|_| audit(&round.to_string())).collect();
        let appended = tokio::time::timeout(std::time::Duration::from_micros(round * 250), log.append(&events)).await;
        *if appended.is_ok() { &mut whole } else { &mut given_up } += 1;
    }
    // Appended after all of them.
    append_one(&*log, &audit("last")).await;
    let mut found = BTreeMap::<String, usize>::new();
    for event in written(&*log).await {
        *found.entry(event.entity.key).or_default() += 1;
    }
    assert_eq!(found.remove("last"), Some(1));
    assert!(found.values().all(|count| *count == 50), "{found:?}");
    assert!(found.len() >= whole, "{whole} appended, {given_up} given up, {found:?}");
}

pub async fn keys_ascend_and_the_given_one_is_ignored(backend: &dyn Backend) {
    let (one, two) = (backend.open(NEVER).await.audit, backend.open(NEVER).await.audit);
    let mut last = 0;
    for log in [&one, &two, &one, &two] {
        let key = append_one(&**log, &AuditEvent { key: 1, ..audit("x") }).await;
        assert!(key > last);
        last = key;
    }
}

pub async fn times_are_kept_to_the_microsecond(backend: &dyn Backend) {
    let log = backend.open(NEVER).await.audit;
    let at = NOW + Duration::nanoseconds(789);
    let key = append_one(&*log, &AuditEvent { at, ..audit("x") }).await;
    assert_eq!(log.find(key).await.unwrap().unwrap().at, NOW);
}

/// PostgreSQL cannot store U+0000, so all adapters replace it.
pub async fn any_text_is_recorded(backend: &dyn Backend) {
    let log = backend.open(NEVER).await.audit;
    let long = wide(10_000, 1);
    for (text, kept) in [("", ""), ("a\u{0}b", "a\u{fffd}b"), ("\r\n", "\r\n"), (&long, &long)] {
        let event = |text: &str| AuditEvent {
            related: Some(AuditEntity { kind: EntityKind::User, key: text.to_owned() }),
            reason: Some(text.to_owned()),
            request_id: Some(text.to_owned()),
            ..audit(text)
        };
        let key = append_one(&*log, &event(text)).await;
        assert_eq!(log.find(key).await.unwrap(), Some(AuditEvent { key, ..event(kept) }));
    }
}

pub async fn old_entries_are_removed_in_batches(backend: &dyn Backend) {
    let log = backend.open(NEVER).await.audit;
    assert_eq!(log.size().await.unwrap(), 0);
    for hours in 0..5_i64 {
        append_one(&*log, &AuditEvent { at: NOW + Duration::hours(hours), ..audit(&hours.to_string()) }).await;
    }
    let prune = |hours, batch| log.prune(NOW + Duration::hours(hours), 100, batch);
    assert_eq!(prune(3, 2).await.unwrap(), 2);
    assert_eq!(prune(3, 2).await.unwrap(), 1);
    assert_eq!(prune(3, 2).await.unwrap(), 0);
    assert_eq!(log.size().await.unwrap(), 2);
    assert_eq!(prune(100, 10).await.unwrap(), 1, "the newest stays");
    let keys: Vec<String> = written(&*log).await.into_iter().map(|event| event.entity.key).collect();
    assert_eq!(keys, ["4"]);
}

pub async fn entries_beyond_a_number_are_removed(backend: &dyn Backend) {
    let log = backend.open(NEVER).await.audit;
    for number in 0..6 {
        append_one(&*log, &audit(&number.to_string())).await;
    }
    assert_eq!(log.prune(NOW - Duration::days(1), 4, 10).await.unwrap(), 2);
    assert_eq!(log.prune(NOW - Duration::days(1), 4, 10).await.unwrap(), 0);
    assert_eq!((written(&*log).await.len(), log.size().await.unwrap()), (4, 4));
}
