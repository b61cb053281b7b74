//! The contract of [`AuditLog`].

use identity_core::entity::{Actor, AuditEntity, AuditEvent, AuditOperation, AuditResult, EntityKind};
use identity_core::port::{AuditFilter, AuditLog, AuditQuery};
use identity_core::search::{Start, Window};
use identity_core::value::Revision;
use time::Duration;

use crate::sample::{NOW, ann, audit, client_ann, wide};
use crate::{Backend, NEVER};

/// All cases of the audit log.
#[macro_export]
macro_rules! audit_log_suite {
    ($run:path) => {
        $crate::cases!($run, audit_log:
            old_entries_are_removed_in_batches, entries_beyond_a_number_are_removed, what_is_appended_is_found, keys_ascend_and_the_given_one_is_ignored, times_are_kept_to_the_microsecond,
            any_text_is_recorded,
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
            let key = log.append(&event).await.unwrap();
            assert_eq!(log.find(key).await.unwrap(), Some(AuditEvent { key, ..event }));
        }
    }
    for unknown in [0, 1_000, u64::MAX] {
        assert_eq!(log.find(unknown).await.unwrap(), None);
    }
}

pub async fn keys_ascend_and_the_given_one_is_ignored(backend: &dyn Backend) {
    let (one, two) = (backend.open(NEVER).await.audit, backend.open(NEVER).await.audit);
    let mut last = 0;
    for log in [&one, &two, &one, &two] {
        let key = log.append(&AuditEvent { key: 1, ..audit("x") }).await.unwrap();
        assert!(key > last);
        last = key;
    }
}

pub async fn times_are_kept_to_the_microsecond(backend: &dyn Backend) {
    let log = backend.open(NEVER).await.audit;
    let at = NOW + Duration::nanoseconds(789);
    let key = log.append(&AuditEvent { at, ..audit("x") }).await.unwrap();
    assert_eq!(log.find(key).await.unwrap().unwrap().at, NOW);
}

/// PostgreSQL has no text with U+0000, so nobody has.
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
        let key = log.append(&event(text)).await.unwrap();
        assert_eq!(log.find(key).await.unwrap(), Some(AuditEvent { key, ..event(kept) }));
    }
}

pub async fn old_entries_are_removed_in_batches(backend: &dyn Backend) {
    let log = backend.open(NEVER).await.audit;
    assert_eq!(log.size().await.unwrap(), 0);
    for hours in 0..5_i64 {
        log.append(&AuditEvent { at: NOW + Duration::hours(hours), ..audit(&hours.to_string()) }).await.unwrap();
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
        log.append(&audit(&number.to_string())).await.unwrap();
    }
    assert_eq!(log.prune(NOW - Duration::days(1), 4, 10).await.unwrap(), 2);
    assert_eq!(log.prune(NOW - Duration::days(1), 4, 10).await.unwrap(), 0);
    assert_eq!((written(&*log).await.len(), log.size().await.unwrap()), (4, 4));
}
