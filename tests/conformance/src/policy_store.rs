//! The contract of [`PolicyStore`].

use std::sync::Arc;

use identity_core::entity::User;
use identity_core::fake::Rows;
use identity_core::port::{Logged, PolicyStore, StoreError, Tail, snapshot};
use identity_core::value::{GroupId, MappingRuleId, ResourceTypeName, Revision, RoleId, TenantId, Username};
use identity_core::world::Change;
use tokio::time::timeout;

use crate::audit_log::written;
use crate::sample::{self, audit, commit, everything, group, member, role, rule, tenant, user};
use crate::{Backend, NEVER, PATIENCE, SOON};

/// Defines a test for each case of the policy store.
#[macro_export]
macro_rules! policy_store_suite {
    ($run:path) => {
        $crate::cases!($run, policy_store:
            an_empty_store_is_at_revision_0, what_is_committed_is_loaded, a_put_replaces_every_field,
            what_is_removed_is_gone_and_nothing_else, the_last_change_of_a_row_wins, ids_are_compared_byte_by_byte,
            the_log_tells_what_was_committed_in_order, revisions_are_dense, a_transaction_knows_what_was_missed,
            writers_take_turns, a_follower_sees_whole_commits_in_order, a_waiting_follower_is_woken,
            a_follower_that_nobody_wakes_looks_by_itself, readers_do_not_wait_for_a_writer,
            a_dropped_transaction_changes_nothing_and_frees_the_way, a_pruned_log_is_gone,
            a_follower_from_the_future_starts_anew, audit_entries_are_written_with_their_commit,
            replicas_share_one_store, a_large_commit_is_one_commit,
        );
    };
}

async fn put(store: &dyn PolicyStore, revision: u64, changes: Vec<Change>) {
    let transaction = store.begin(Revision(revision - 1)).await.unwrap();
    transaction.commit(vec![commit(revision, changes)]).await.unwrap();
}

/// SQL that marks the data as that of a later release, as a migration would.
pub const NEWER_FORMAT: &str = "UPDATE policy_revision SET format = 3";

/// A store neither reads nor overwrites data of a later release. This function is not a case of the suite, because only
/// SQL stores have a format.
pub async fn refuses_newer_format(store: &dyn PolicyStore) {
    let errors = [
        snapshot(store).await.map(drop).unwrap_err(),
        store.tail(Revision(0)).await.map(drop).unwrap_err(),
        store.begin(Revision(0)).await.map(drop).unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(&error, StoreError::Schema(text) if text.contains("format 3")), "{error:?}");
    }
}

/// Reads the format that the store requires of its readers.
pub const FORMAT: &str = "SELECT format FROM policy_revision";

/// The commit of the first inactive user raises the format from 1 to 2, and no later one lowers it. `format` runs
/// [`FORMAT`]. This function is not a case of the suite, because only SQL stores have a format.
pub async fn inactive_users_raise_the_format(store: &dyn PolicyStore, format: impl AsyncFn() -> i64) {
    let inactive = User { password: user("ann").password.locked(), ..user("ann") };
    put(store, 1, vec![Change::UserPut(user("ann"))]).await;
    assert_eq!(format().await, 1);
    put(store, 2, vec![Change::UserPut(inactive.clone())]).await;
    assert_eq!(format().await, 2);
    assert_eq!(loaded(store).await, (2, Rows::replay(&[Change::UserPut(inactive)])));
    put(store, 3, vec![Change::UserPut(user("ann"))]).await;
    assert_eq!(format().await, 2);
}

async fn loaded(store: &dyn PolicyStore) -> (u64, Rows) {
    let snapshot = snapshot(store).await.unwrap();
    (snapshot.revision.0, Rows::replay(&snapshot.changes))
}

#[track_caller]
fn commits(tail: &Tail) -> &[Logged] {
    match tail {
        Tail::Commits(commits) => commits,
        Tail::Gone => panic!("the log is gone"),
    }
}

async fn tail(store: &dyn PolicyStore, known: u64) -> Vec<Logged> {
    commits(&store.tail(Revision(known)).await.unwrap()).to_vec()
}

pub async fn an_empty_store_is_at_revision_0(backend: &dyn Backend) {
    let store = backend.open(NEVER).await.policy;
    let snapshot = snapshot(&*store).await.unwrap();
    assert_eq!((snapshot.revision, snapshot.changes), (Revision(0), Vec::new()));
    assert_eq!(tail(&*store, 0).await, []);
}

pub async fn what_is_committed_is_loaded(backend: &dyn Backend) {
    let store = backend.open(NEVER).await.policy;
    put(&*store, 1, everything()).await;
    let snapshot = snapshot(&*store).await.unwrap();
    assert_eq!(snapshot.revision, Revision(1));
    assert_eq!(snapshot.changes.len(), everything().len());
    assert_eq!(Rows::replay(&snapshot.changes), Rows::replay(&everything()));
    assert!(snapshot.changes.iter().map(place).is_sorted(), "entities come before what refers to them");
}

/// Position of a change in a snapshot.
fn place(change: &Change) -> u8 {
    match change {
        Change::ResourceTypePut(_) | Change::UserPut(_) => 0,
        Change::GroupPut(_) => 1,
        Change::RolePut(_) => 2,
        Change::TenantPut(_) => 3,
        Change::MappingRulePut(_) => 4,
        Change::MemberAdded(_) => 5,
        Change::AuthorizationPut(_) => 6,
        removal => panic!("a snapshot holds {removal:?}"),
    }
}

pub async fn a_put_replaces_every_field(backend: &dyn Backend) {
    let store = backend.open(NEVER).await.policy;
    put(&*store, 1, everything()).await;
    let mut replaced = everything();
    for change in &mut replaced {
        match change {
            Change::UserPut(user) => {
                user.name = user.name.is_none().then(|| identity_core::value::Name::parse("new").unwrap());
                user.email = user.email.is_none().then(|| identity_core::value::Email::parse("a@b.example").unwrap());
                user.password = identity_core::value::PasswordHash::new("new".to_owned());
            }
            Change::GroupPut(group) => *group = sample::group(group.id.as_str(), "new"),
            Change::RolePut(role) => *role = sample::role(role.id.as_str(), &[("new", "new"), ("api", "write:*")]),
            Change::TenantPut(tenant) => *tenant = sample::tenant(tenant.id.as_str(), "new"),
            Change::MappingRulePut(rule) => *rule = sample::rule(rule.id.as_str(), "$.new", "new"),
            Change::AuthorizationPut(entry) => {
                let scope = identity_core::entity::Scope::from_resource_id("new").unwrap();
                *entry = sample::authorization(entry.key.0, ("CLIENT", "new"), scope, &["NEW", "READ"]);
            }
            Change::ResourceTypePut(kind) => *kind = sample::custom_type(kind.name.as_str(), &["new"], &["new"]),
            _ => {}
        }
    }
    put(&*store, 2, replaced.clone()).await;
    assert_eq!(loaded(&*store).await, (2, Rows::replay(&replaced)));
}

pub async fn what_is_removed_is_gone_and_nothing_else(backend: &dyn Backend) {
    let store = backend.open(NEVER).await.policy;
    put(&*store, 1, everything()).await;
    let removals = vec![
        Change::UserRemoved(Username::parse("ann").unwrap()),
        Change::GroupRemoved(GroupId::parse("/Sales/EU").unwrap()),
        Change::RoleRemoved(RoleId::parse("admin").unwrap()),
        Change::TenantRemoved(TenantId::default_tenant()),
        Change::MappingRuleRemoved(MappingRuleId::parse("literal").unwrap()),
        Change::MemberRemoved(member(("TENANT", "<default>"), ("ROLE", "admin"))),
        Change::AuthorizationRemoved(identity_core::value::AuthorizationKey(10)),
        Change::ResourceTypeRemoved(ResourceTypeName::parse("invoice").unwrap()),
        Change::UserRemoved(Username::parse("never seen").unwrap()),
    ];
    let mut model = Rows::replay(&everything());
    let mut expected = model.changes().len();
    for (revision, removal) in (2..).zip(removals) {
        model.apply(&removal);
        expected -= usize::from(revision < 10);
        put(&*store, revision, vec![removal]).await;
        assert_eq!(loaded(&*store).await, (revision, model.clone()));
        assert_eq!(snapshot(&*store).await.unwrap().changes.len(), expected);
    }
}

pub async fn the_last_change_of_a_row_wins(backend: &dyn Backend) {
    let store = backend.open(NEVER).await.policy;
    let ann = || Username::parse("ann").unwrap();
    let membership = || member(("ROLE", "r"), ("USER", "ann"));
    let changes = vec![
        Change::UserPut(user("ann")),
        Change::UserRemoved(ann()),
        Change::GroupPut(group("g", "first")),
        Change::MemberAdded(membership()),
        Change::GroupPut(group("g", "second")),
        Change::MemberRemoved(membership()),
        Change::RoleRemoved(RoleId::parse("r").unwrap()),
        Change::RolePut(role("r", &[("a", "b")])),
        Change::MemberAdded(member(("ROLE", "r"), ("USER", "bob"))),
        Change::MemberAdded(member(("ROLE", "r"), ("USER", "bob"))),
    ];
    put(&*store, 1, changes.clone()).await;
    assert_eq!(loaded(&*store).await, (1, Rows::replay(&changes)));
    assert_eq!(snapshot(&*store).await.unwrap().changes.len(), 3);
}

pub async fn ids_are_compared_byte_by_byte(backend: &dyn Backend) {
    let store = backend.open(NEVER).await.policy;
    let ids = ["a", "A", "\u{e9}", "e\u{301}", "ß", "ss", "1", "01", "a b", "a  b"];
    put(&*store, 1, ids.map(|id| Change::GroupPut(group(id, id))).to_vec()).await;
    put(&*store, 2, vec![Change::GroupRemoved(GroupId::parse("A").unwrap())]).await;
    let left = snapshot(&*store).await.unwrap().changes;
    assert_eq!(left.len(), ids.len() - 1);
    assert!(left.contains(&Change::GroupPut(group("a", "a"))));
}

pub async fn the_log_tells_what_was_committed_in_order(backend: &dyn Backend) {
    let store = backend.open(NEVER).await.policy;
    let written: Vec<Vec<Change>> = vec![
        everything(),
        vec![],
        vec![Change::UserRemoved(Username::parse("ann").unwrap()), Change::UserPut(user("ann"))],
        vec![Change::MemberRemoved(member(("ROLE", "admin"), ("USER", "ann")))],
    ];
    for (revision, changes) in (1..).zip(&written) {
        put(&*store, revision, changes.clone()).await;
    }
    let log: Vec<Logged> =
        (1..).map(Revision).zip(written).map(|(revision, changes)| Logged { revision, changes }).collect();
    for known in 0..=4 {
        assert_eq!(tail(&*store, known as u64).await, log[known..]);
    }
}

pub async fn revisions_are_dense(backend: &dyn Backend) {
    let store = backend.open(NEVER).await.policy;
    put(&*store, 1, vec![Change::UserPut(user("ann"))]).await;
    let before = loaded(&*store).await;
    for revision in [0, 1, 3, u64::MAX] {
        let transaction = store.begin(Revision(1)).await.unwrap();
        let refused = transaction.commit(vec![commit(revision, vec![Change::UserPut(user("bob"))])]).await;
        assert!(matches!(refused, Err(StoreError::Conflict)), "{revision}: {refused:?}");
        assert_eq!(loaded(&*store).await, before);
        assert_eq!(tail(&*store, 1).await, []);
    }
    put(&*store, 2, vec![]).await;
}

pub async fn a_transaction_knows_what_was_missed(backend: &dyn Backend) {
    let store = backend.open(NEVER).await.policy;
    for revision in 1..=3 {
        put(&*store, revision, vec![Change::UserPut(user(&format!("user-{revision}")))]).await;
    }
    for known in 0..=3 {
        let transaction = store.begin(Revision(known)).await.unwrap();
        assert_eq!(commits(transaction.missed()), tail(&*store, known).await);
    }
}

pub async fn writers_take_turns(backend: &dyn Backend) {
    const TASKS: u64 = 8;
    const COMMITS: u64 = 25;
    let replicas = [backend.open(SOON).await.policy, backend.open(SOON).await.policy];
    let count = |tasks: u64| Change::GroupPut(group("counter", &tasks.to_string()));
    let tasks = (0..TASKS).map(|task| {
        let store = Arc::clone(&replicas[task as usize % 2]);
        tokio::spawn(async move {
            let (mut known, mut counter) = (0, 0);
            for _ in 0..COMMITS {
                let transaction = store.begin(Revision(known)).await.unwrap();
                for logged in commits(transaction.missed()) {
                    let [Change::GroupPut(group)] = logged.changes.as_slice() else { panic!("{logged:?}") };
                    (known, counter) = (logged.revision.0, group.description.as_str().parse().unwrap());
                }
                (known, counter) = (known + 1, counter + 1);
                transaction.commit(vec![commit(known, vec![count(counter)])]).await.unwrap();
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        timeout(PATIENCE, task).await.unwrap().unwrap();
    }
    let total = TASKS * COMMITS;
    assert_eq!(loaded(&*replicas[0]).await, (total, Rows::replay(&[count(total)])));
    let log = tail(&*replicas[0], 0).await;
    assert!(log.iter().map(|logged| logged.revision.0).eq(1..=total));
}

pub async fn a_follower_sees_whole_commits_in_order(backend: &dyn Backend) {
    const COMMITS: u64 = 30;
    let (writer, follower) = (backend.open(SOON).await.policy, backend.open(SOON).await.policy);
    let changes = |revision: u64| {
        let name = format!("user-{revision}");
        vec![Change::UserPut(user(&name)), Change::MemberAdded(member(("GROUP", "g"), ("USER", &name)))]
    };
    let writing = tokio::spawn(async move {
        for revision in 1..=COMMITS {
            put(&*writer, revision, changes(revision)).await;
        }
    });
    let follow = async {
        let mut known = 0;
        while known < COMMITS {
            let changed = follower.changed();
            for logged in tail(&*follower, known).await {
                known += 1;
                assert_eq!(logged, Logged { revision: Revision(known), changes: changes(known) });
                let (revision, rows) = loaded(&*follower).await;
                let all: Vec<Change> = (1..=revision).flat_map(changes).collect();
                assert_eq!(rows, Rows::replay(&all), "a snapshot between two commits");
            }
            if known < COMMITS {
                changed.await;
            }
        }
    };
    timeout(PATIENCE, follow).await.unwrap();
    writing.await.unwrap();
}

pub async fn a_waiting_follower_is_woken(backend: &dyn Backend) {
    let store = backend.open(NEVER).await.policy;
    for revision in 1..=10 {
        let changed = store.changed();
        put(&*store, revision, vec![]).await;
        timeout(PATIENCE, changed).await.expect("a commit after the call ends the wait");
    }
}

pub async fn a_follower_that_nobody_wakes_looks_by_itself(backend: &dyn Backend) {
    let (writer, follower) = (backend.open(NEVER).await.policy, backend.open(SOON).await.policy);
    let follow = async {
        while tail(&*follower, 0).await.is_empty() {
            follower.changed().await;
        }
    };
    let (followed, ()) = tokio::join!(timeout(PATIENCE, follow), put(&*writer, 1, vec![]));
    followed.unwrap();
}

pub async fn readers_do_not_wait_for_a_writer(backend: &dyn Backend) {
    let store = backend.open(NEVER).await.policy;
    put(&*store, 1, everything()).await;
    let transaction = store.begin(Revision(1)).await.unwrap();
    let read = async { (loaded(&*store).await, tail(&*store, 0).await.len()) };
    let seen = timeout(PATIENCE / 2, read).await.expect("readers wait for no writer");
    assert_eq!(seen, ((1, Rows::replay(&everything())), 1));
    transaction.commit(vec![commit(2, vec![])]).await.unwrap();
}

pub async fn a_dropped_transaction_changes_nothing_and_frees_the_way(backend: &dyn Backend) {
    let replicas = [backend.open(NEVER).await.policy, backend.open(NEVER).await.policy];
    put(&*replicas[0], 1, everything()).await;
    for store in [&replicas[0], &replicas[1], &replicas[0]] {
        drop(store.begin(Revision(0)).await.unwrap());
    }
    // A transaction that is dropped while it waits for the write lock.
    let open = replicas[0].begin(Revision(1)).await.unwrap();
    {
        let waiting = replicas[1].begin(Revision(1));
        tokio::select! {
            biased;
            _ = waiting => panic!("two writers at a time"),
            () = tokio::task::yield_now() => {}
        }
    }
    drop(open);
    assert_eq!(loaded(&*replicas[1]).await, (1, Rows::replay(&everything())));
    timeout(PATIENCE, put(&*replicas[1], 2, vec![])).await.expect("the way is free");
}

pub async fn a_pruned_log_is_gone(backend: &dyn Backend) {
    let store = backend.open(NEVER).await.policy;
    for revision in 1..=5 {
        put(&*store, revision, vec![Change::UserPut(user(&format!("user-{revision}")))]).await;
    }
    backend.prune(2).await;
    for known in 0..=2 {
        assert!(matches!(store.tail(Revision(known)).await.unwrap(), Tail::Gone), "{known}");
        assert!(matches!(store.begin(Revision(known)).await.unwrap().missed(), Tail::Gone), "{known}");
    }
    assert_eq!(tail(&*store, 3).await.len(), 2);
    assert_eq!(tail(&*store, 5).await, []);
    assert_eq!(snapshot(&*store).await.unwrap().changes.len(), 5);
    put(&*store, 6, vec![]).await;
    backend.prune(0).await;
    assert!(matches!(store.tail(Revision(5)).await.unwrap(), Tail::Gone));
    assert_eq!(tail(&*store, 6).await, []);
    put(&*store, 7, vec![]).await;
    assert_eq!(tail(&*store, 6).await.len(), 1);
}

pub async fn a_follower_from_the_future_starts_anew(backend: &dyn Backend) {
    let store = backend.open(NEVER).await.policy;
    put(&*store, 1, vec![]).await;
    for known in [2, 1000, u64::MAX] {
        assert!(matches!(store.tail(Revision(known)).await.unwrap(), Tail::Gone), "{known}");
        assert!(matches!(store.begin(Revision(known)).await.unwrap().missed(), Tail::Gone), "{known}");
    }
}

pub async fn audit_entries_are_written_with_their_commit(backend: &dyn Backend) {
    let stores = backend.open(NEVER).await;
    let begin = || async { stores.policy.begin(Revision(0)).await.unwrap() };
    let with_audit = |revision, keys: &[&str]| {
        let mut commit = commit(revision, vec![Change::GroupPut(group("g", ""))]);
        commit.audit = keys.iter().map(|key| audit(key)).collect();
        commit
    };
    stores.audit.append(&[audit("before")]).await.unwrap();
    begin().await.commit(vec![with_audit(1, &["first", "second", "third"])]).await.unwrap();
    stores.audit.append(&[audit("between")]).await.unwrap();
    assert!(begin().await.commit(vec![with_audit(1, &["refused"])]).await.is_err());
    begin().await.commit(vec![with_audit(2, &["last"])]).await.unwrap();
    let written = written(&*stores.audit).await;
    let keys: Vec<&str> = written.iter().map(|event| event.entity.key.as_str()).collect();
    assert_eq!(keys, ["before", "first", "second", "third", "between", "last"]);
    assert!(written.is_sorted_by(|older, newer| older.key < newer.key));
}

pub async fn replicas_share_one_store(backend: &dyn Backend) {
    let (one, two) = (backend.open(SOON).await.policy, backend.open(SOON).await.policy);
    put(&*one, 1, vec![Change::TenantPut(tenant("t", "T"))]).await;
    assert_eq!(loaded(&*two).await, loaded(&*one).await);
    let open = one.begin(Revision(1)).await.unwrap();
    let other = tokio::spawn({
        let two = Arc::clone(&two);
        async move { two.begin(Revision(1)).await.unwrap() }
    });
    open.commit(vec![commit(2, vec![Change::MappingRulePut(rule("m", "groups", "x"))])]).await.unwrap();
    let transaction = timeout(PATIENCE, other).await.unwrap().unwrap();
    assert_eq!(commits(transaction.missed()).len(), 1, "who begins later knows what was committed before");
    transaction.commit(vec![commit(3, vec![])]).await.unwrap();
    assert_eq!(loaded(&*one).await.0, 3);
}

pub async fn a_large_commit_is_one_commit(backend: &dyn Backend) {
    let store = backend.open(NEVER).await.policy;
    let read = identity_core::entity::Scope::Any;
    // Two full pages of a load, and the empty one after them.
    let changes: Vec<Change> = (0..8_192u64)
        .flat_map(|n| {
            let name = format!("user-{n}");
            let owner = ("USER", name.as_str());
            [
                Change::UserPut(user(&name)),
                Change::MemberAdded(member(("GROUP", "g"), owner)),
                Change::AuthorizationPut(sample::authorization(n, owner, read.clone(), &["READ", "UPDATE"])),
            ]
        })
        .collect();
    put(&*store, 1, changes.clone()).await;
    assert_eq!(loaded(&*store).await, (1, Rows::replay(&changes)));
    assert_eq!(tail(&*store, 0).await[0].changes, changes);
}
