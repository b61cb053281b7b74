//! The contract of [`PolicyTransaction::commit`](identity_core::port::PolicyTransaction) with several commits in one
//! call.

use identity_core::fake::Rows;
use identity_core::port::{Commit, StoreError, Tail, snapshot};
use identity_core::value::Revision;
use identity_core::world::Change;

use crate::audit_log::written;
use crate::sample::{audit, commit, group, member, user};
use crate::{Backend, NEVER};

/// Defines a test for each case.
#[macro_export]
macro_rules! policy_commits_suite {
    ($run:path) => {
        $crate::cases!($run, policy_commits: several_commits_are_written_in_order, several_commits_are_written_or_none,);
    };
}

fn commits() -> Vec<Commit> {
    let of = |revision: u64, changes: Vec<Change>, keys: &[&str]| Commit {
        audit: keys.iter().map(|key| audit(key)).collect(),
        ..commit(revision, changes)
    };
    let ann = || Change::MemberAdded(member(("GROUP", "g"), ("USER", "ann")));
    vec![
        of(1, vec![Change::UserPut(user("ann")), Change::GroupPut(group("g", "first"))], &["one", "two"]),
        of(2, vec![ann(), Change::GroupPut(group("g", "second"))], &["three"]),
        of(3, vec![], &[]),
        of(4, vec![Change::UserPut(user("ben"))], &["four"]),
    ]
}

pub async fn several_commits_are_written_in_order(backend: &dyn Backend) {
    let stores = backend.open(NEVER).await;
    stores.policy.begin(Revision(0)).await.unwrap().commit(commits()).await.unwrap();
    let all: Vec<Change> = commits().into_iter().flat_map(|commit| commit.changes).collect();
    let snapshot = snapshot(&*stores.policy).await.unwrap();
    assert_eq!((snapshot.revision, Rows::replay(&snapshot.changes)), (Revision(4), Rows::replay(&all)));
    let Tail::Commits(log) = stores.policy.tail(Revision(0)).await.unwrap() else { panic!("a log") };
    let logged: Vec<_> = log.into_iter().map(|logged| (logged.revision, logged.changes)).collect();
    assert_eq!(logged, commits().into_iter().map(|commit| (commit.revision, commit.changes)).collect::<Vec<_>>());
    let keys: Vec<_> = written(&*stores.audit).await.into_iter().map(|event| event.entity.key).collect();
    assert_eq!(keys, ["one", "two", "three", "four"]);
    stores.policy.begin(Revision(4)).await.unwrap().commit(vec![commit(5, vec![])]).await.unwrap();
}

pub async fn several_commits_are_written_or_none(backend: &dyn Backend) {
    let stores = backend.open(NEVER).await;
    let skipped = [vec![commit(1, vec![]), commit(3, vec![])], vec![commit(2, vec![])], vec![]];
    let backwards = vec![commit(1, vec![Change::UserPut(user("ann"))]), commit(1, vec![])];
    for refused in skipped.into_iter().chain([backwards]) {
        let refused = stores.policy.begin(Revision(0)).await.unwrap().commit(refused).await;
        assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
        let snapshot = snapshot(&*stores.policy).await.unwrap();
        assert_eq!((snapshot.revision, snapshot.changes), (Revision(0), vec![]));
    }
    stores.policy.begin(Revision(0)).await.unwrap().commit(commits()).await.unwrap();
}
