//! The contract of [`AuditLog`].

use identity_core::entity::{Actor, AuditEntity, AuditEvent, AuditOperation, AuditResult, EntityKind};
use identity_core::port::{AuditFilter, AuditLog};
use identity_core::value::Revision;
use time::Duration;

use crate::sample::{NOW, ann, audit, client_ann, wide};
use crate::{Backend, NEVER};

/// All cases of the audit log.
#[macro_export]
macro_rules! audit_log_suite {
    ($run:path) => {
        $crate::cases!($run, audit_log:
            what_is_appended_is_found, keys_ascend_and_the_given_one_is_ignored, pages_go_back_in_time,
            every_filter_filters, times_are_kept_to_the_microsecond, any_text_is_recorded,
        );
    };
}

async fn keys(log: &dyn AuditLog, filter: AuditFilter) -> Vec<String> {
    let newest = log.newest(&filter, None, 100).await.unwrap();
    newest.into_iter().map(|event| event.entity.key).collect()
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
    ];
    let actors = [Actor::Anonymous, Actor::System, Actor::Principal(ann()), Actor::Principal(client_ann())];
    let results = [AuditResult::Success, AuditResult::Fail, AuditResult::Denied];
    for n in 0..8 {
        let full = AuditEvent {
            actor: actors[n % 4].clone(),
            operation: operations[n % 6],
            entity: AuditEntity { kind: kinds[n], key: "zoë 😀 'x'".to_owned() },
            related: Some(AuditEntity { kind: kinds[7 - n], key: String::new() }),
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

pub async fn pages_go_back_in_time(backend: &dyn Backend) {
    let log = backend.open(NEVER).await.audit;
    for n in 0..5 {
        log.append(&audit(&n.to_string())).await.unwrap();
    }
    let (mut before, mut seen) = (None, Vec::new());
    loop {
        let page = log.newest(&AuditFilter::default(), before, 2).await.unwrap();
        assert!(page.len() <= 2);
        let Some(oldest) = page.last() else { break };
        before = Some(oldest.key);
        seen.extend(page.into_iter().map(|event| event.entity.key));
    }
    assert_eq!(seen, ["4", "3", "2", "1", "0"]);
    assert_eq!(log.newest(&AuditFilter::default(), None, 0).await.unwrap(), []);
    assert_eq!(log.newest(&AuditFilter::default(), Some(u64::MAX), u32::MAX).await.unwrap().len(), 5);
}

pub async fn every_filter_filters(backend: &dyn Backend) {
    let log = backend.open(NEVER).await.audit;
    let later = |seconds| NOW + Duration::seconds(seconds);
    let entity = |kind, key: &str| AuditEntity { kind, key: key.to_owned() };
    let ann = Actor::Principal(ann());
    for event in [
        AuditEvent { actor: ann.clone(), ..audit("a") },
        AuditEvent { at: later(1), entity: entity(EntityKind::Role, "a"), ..audit("") },
        AuditEvent { at: later(2), actor: ann, result: AuditResult::Denied, ..audit("b") },
        AuditEvent { at: later(3), actor: Actor::Principal(client_ann()), ..audit("c") },
    ] {
        log.append(&event).await.unwrap();
    }
    let all = AuditFilter::default;
    assert_eq!(keys(&*log, AuditFilter { actor: Some("ann".to_owned()), ..all() }).await, ["c", "b", "a"]);
    assert_eq!(keys(&*log, AuditFilter { actor: Some("bob".to_owned()), ..all() }).await, [""; 0]);
    assert_eq!(keys(&*log, AuditFilter { entity: Some(EntityKind::Group), ..all() }).await, ["c", "b", "a"]);
    assert_eq!(keys(&*log, AuditFilter { entity_key: Some("a".to_owned()), ..all() }).await, ["a", "a"]);
    assert_eq!(keys(&*log, AuditFilter { result: Some(AuditResult::Denied), ..all() }).await, ["b"]);
    assert_eq!(keys(&*log, AuditFilter { from: Some(later(2)), ..all() }).await, ["c", "b"]);
    assert_eq!(keys(&*log, AuditFilter { until: Some(later(2)), ..all() }).await, ["a", "a"]);
    let entity = Some(EntityKind::Role);
    let both = AuditFilter { entity, entity_key: Some("a".to_owned()), from: Some(NOW), ..all() };
    assert_eq!(log.newest(&both, None, 10).await.unwrap().len(), 1);
}

pub async fn times_are_kept_to_the_microsecond(backend: &dyn Backend) {
    let log = backend.open(NEVER).await.audit;
    let at = NOW + Duration::nanoseconds(789);
    let key = log.append(&AuditEvent { at, ..audit("x") }).await.unwrap();
    assert_eq!(log.find(key).await.unwrap().unwrap().at, NOW);
}

pub async fn any_text_is_recorded(backend: &dyn Backend) {
    let log = backend.open(NEVER).await.audit;
    let long = wide(10_000, 1);
    for text in ["", "a\u{0}b", "\r\n", long.as_str()] {
        let event = AuditEvent {
            related: Some(AuditEntity { kind: EntityKind::User, key: text.to_owned() }),
            reason: Some(text.to_owned()),
            request_id: Some(text.to_owned()),
            ..audit(text)
        };
        let key = log.append(&event).await.unwrap();
        let filter = AuditFilter { entity_key: Some(text.to_owned()), ..AuditFilter::default() };
        let found = log.newest(&filter, None, 10).await.unwrap();
        assert_eq!(found.iter().map(|event| event.key).collect::<Vec<_>>(), [key], "{text:?}");
    }
}
