//! The contract of `DeletionJournal`.

use std::sync::Arc;

use identity_core::entity::{Actor, AuditEvent, Deletable, Deletion};
use identity_core::port::StoreError;
use identity_core::value::{ClientId, ClientKey, GroupId};
use time::Duration;

use crate::audit_log::written;
use crate::sample::{NOW, ann, audit, client_ann, wide};
use crate::{Backend, NEVER};

/// Defines a test for each case of the deletion journal.
#[macro_export]
macro_rules! deletion_journal_suite {
    ($run:path) => {
        $crate::cases!($run, deletion_journal:
            what_one_replica_opens_every_replica_lists, a_list_is_oldest_first, an_id_is_opened_once,
            what_is_closed_is_listed_no_more_and_recorded, what_is_not_open_is_neither_closed_nor_recorded,
            one_of_many_who_close_it_is_told, deletions_are_kept_as_stores_keep_texts_and_times,
        );
    };
}

/// A deletion of a group, without optional fields.
fn deletion(id: &str) -> Deletion {
    let of = Deletable::Group(GroupId::parse("sales").unwrap());
    Deletion { id: id.to_owned(), of, actor: Actor::Anonymous, request_id: None, at: NOW }
}

/// A deletion of an application, with all optional fields.
fn full(id: &str) -> Deletion {
    let (client_id, key) = (ClientId::parse(&wide(256, 1)).unwrap(), ClientKey::parse("0b9e-ü").unwrap());
    Deletion {
        of: Deletable::Client(client_id, key),
        actor: Actor::Principal(client_ann()),
        request_id: Some("request 'ü' 😀".to_owned()),
        at: NOW + Duration::MICROSECOND,
        ..deletion(id)
    }
}

pub async fn what_one_replica_opens_every_replica_lists(backend: &dyn Backend) {
    let (one, two) = (backend.open(NEVER).await.deletions, backend.open(NEVER).await.deletions);
    assert_eq!(two.list().await.unwrap(), []);
    one.open(&deletion("a")).await.unwrap();
    two.open(&full("b")).await.unwrap();
    for journal in [one, two] {
        assert_eq!(journal.list().await.unwrap(), [deletion("a"), full("b")]);
    }
}

pub async fn a_list_is_oldest_first(backend: &dyn Backend) {
    let journal = backend.open(NEVER).await.deletions;
    let at = |id, seconds| Deletion { at: NOW + Duration::seconds(seconds), ..deletion(id) };
    for deletion in [at("a", 1), at("b", 3), at("c", -5)] {
        journal.open(&deletion).await.unwrap();
    }
    assert_eq!(journal.list().await.unwrap(), [at("c", -5), at("a", 1), at("b", 3)]);
}

pub async fn an_id_is_opened_once(backend: &dyn Backend) {
    let journal = backend.open(NEVER).await.deletions;
    journal.open(&deletion("a")).await.unwrap();
    let again = journal.open(&full("a")).await;
    assert!(matches!(again, Err(StoreError::Conflict)), "{again:?}");
    journal.open(&deletion("b")).await.unwrap();
    assert_eq!(journal.list().await.unwrap(), [deletion("a"), deletion("b")], "the same thing twice is two deletions");
}

pub async fn what_is_closed_is_listed_no_more_and_recorded(backend: &dyn Backend) {
    let (stores, other) = (backend.open(NEVER).await, backend.open(NEVER).await);
    stores.deletions.open(&deletion("a")).await.unwrap();
    stores.deletions.open(&full("b")).await.unwrap();
    let outcome = AuditEvent { actor: Actor::Principal(ann()), ..audit("sales") };
    assert!(other.deletions.close("a", &outcome).await.unwrap());
    assert_eq!(stores.deletions.list().await.unwrap(), [full("b")]);
    assert_eq!(written(&*stores.audit).await, [AuditEvent { key: 1, ..outcome }]);
}

pub async fn what_is_not_open_is_neither_closed_nor_recorded(backend: &dyn Backend) {
    let stores = backend.open(NEVER).await;
    stores.deletions.open(&deletion("a")).await.unwrap();
    assert!(!stores.deletions.close("b", &audit("b")).await.unwrap());
    assert_eq!(stores.deletions.list().await.unwrap(), [deletion("a")]);
    assert_eq!(written(&*stores.audit).await, []);
}

pub async fn one_of_many_who_close_it_is_told(backend: &dyn Backend) {
    let replicas = [backend.open(NEVER).await, backend.open(NEVER).await];
    replicas[0].deletions.open(&deletion("a")).await.unwrap();
    let closing = (0..8).map(|task| {
        let journal = Arc::clone(&replicas[task % 2].deletions);
        tokio::spawn(async move { journal.close("a", &audit(&task.to_string())).await.unwrap() })
    });
    let mut told = Vec::new();
    for (task, closing) in closing.collect::<Vec<_>>().into_iter().enumerate() {
        if closing.await.unwrap() {
            told.push(task.to_string());
        }
    }
    let recorded = written(&*replicas[0].audit).await;
    assert_eq!(recorded.into_iter().map(|event| event.entity.key).collect::<Vec<_>>(), told);
    assert_eq!(told.len(), 1);
}

pub async fn deletions_are_kept_as_stores_keep_texts_and_times(backend: &dyn Backend) {
    let journal = backend.open(NEVER).await.deletions;
    let given =
        Deletion { request_id: Some("a\0b".to_owned()), at: NOW + Duration::nanoseconds(1999), ..deletion("a") };
    journal.open(&given).await.unwrap();
    let kept = Deletion { request_id: Some("a\u{fffd}b".to_owned()), at: NOW + Duration::MICROSECOND, ..deletion("a") };
    assert_eq!(journal.list().await.unwrap(), [kept]);
}
