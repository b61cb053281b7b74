//! The contracts of [`InstallationStore`](identity_core::port::InstallationStore) and
//! [`TokenCutoffStore`](identity_core::port::TokenCutoffStore).

use identity_core::entity::Principal;
use identity_core::port::{AppliedDocument, TokenCutoff};
use identity_core::value::{DocumentName, Revision};
use time::{Duration, OffsetDateTime};

use crate::sample::{NOW, ann, client_ann};
use crate::{Backend, NEVER};

/// Defines a test for each case of the installation.
#[macro_export]
macro_rules! installation_suite {
    ($run:path) => {
        $crate::cases!($run, installation:
            the_first_id_stays_for_all_replicas, a_cutoff_is_loaded_by_every_replica_until_it_expires,
            the_later_moments_of_a_principal_win, the_newest_document_of_each_name_is_kept_until_it_is_removed,
        );
    };
}

fn cutoff(principal: Principal, not_before: i64, expires: i64) -> TokenCutoff {
    let at = |seconds| NOW + Duration::seconds(seconds) + Duration::MICROSECOND;
    TokenCutoff { principal, not_before: at(not_before), expires_at: at(expires) }
}

async fn loaded(backend: &dyn Backend, now: OffsetDateTime) -> Vec<TokenCutoff> {
    let mut loaded = backend.open(NEVER).await.cutoffs.load(now).await.unwrap();
    loaded.sort_by(|a, b| a.principal.cmp(&b.principal));
    loaded
}

pub async fn the_first_id_stays_for_all_replicas(backend: &dyn Backend) {
    let (one, two) = (backend.open(NEVER).await.installation, backend.open(NEVER).await.installation);
    assert_eq!(one.installation_id("first").await.unwrap(), "first");
    assert_eq!(two.installation_id("second").await.unwrap(), "first");
    assert_eq!(one.installation_id("third").await.unwrap(), "first");
}

pub async fn a_cutoff_is_loaded_by_every_replica_until_it_expires(backend: &dyn Backend) {
    let one = backend.open(NEVER).await.cutoffs;
    let (of_user, of_client) = (cutoff(ann(), 0, 60), cutoff(client_ann(), 1, 30));
    one.put(&of_user).await.unwrap();
    one.put(&of_client).await.unwrap();
    assert_eq!(loaded(backend, NOW).await, [of_user.clone(), of_client.clone()]);
    assert_eq!(loaded(backend, NOW + Duration::seconds(31)).await, std::slice::from_ref(&of_user));
    assert_eq!(one.sweep(NOW + Duration::seconds(31)).await.unwrap(), 1);
    assert_eq!(loaded(backend, NOW).await, [of_user]);
    assert_eq!(one.sweep(NOW + Duration::seconds(61)).await.unwrap(), 1);
    assert_eq!(loaded(backend, NOW).await, []);
}

pub async fn the_later_moments_of_a_principal_win(backend: &dyn Backend) {
    let one = backend.open(NEVER).await.cutoffs;
    for (not_before, expires) in [(5, 50), (3, 60), (4, 40)] {
        one.put(&cutoff(ann(), not_before, expires)).await.unwrap();
    }
    assert_eq!(loaded(backend, NOW).await, [cutoff(ann(), 5, 60)]);
}

pub async fn the_newest_document_of_each_name_is_kept_until_it_is_removed(backend: &dyn Backend) {
    let one = backend.open(NEVER).await.installation;
    let document = |name: &str, revision: u64, source: Option<&str>| AppliedDocument {
        name: DocumentName::parse(name).unwrap(),
        revision: Revision(revision),
        at: NOW + Duration::MICROSECOND,
        source: source.map(str::to_owned),
        document: format!(r#"{{"revision": {revision}}}"#),
    };
    for (name, revision) in [("b", 2), ("B", 3), ("a", 5), ("b", 7), ("a", 4), ("b", 7)] {
        one.put_document(&document(name, revision, (revision != 5).then_some("commit 1"))).await.unwrap();
    }
    let kept = backend.open(NEVER).await.installation.documents().await.unwrap();
    assert_eq!(kept, [document("B", 3, Some("commit 1")), document("a", 5, None), document("b", 7, Some("commit 1"))]);
    for name in ["b", "b", "c"] {
        one.remove_document(&DocumentName::parse(name).unwrap()).await.unwrap();
    }
    one.put_document(&document("a", 6, None)).await.unwrap();
    let kept = backend.open(NEVER).await.installation.documents().await.unwrap();
    assert_eq!(kept, [document("B", 3, Some("commit 1")), document("a", 6, None)]);
}
