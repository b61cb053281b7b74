//! The engine and the authorizer, on the in-memory store and on a failing store.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::sync::Arc;
use std::time::Duration;

use identity_core::apply::{Command, Refusal, missing_defaults};
use identity_core::catalog::ResourceCatalog;
use identity_core::engine::{Engine, ServerRequest, WriteError};
use identity_core::entity::{
    AuditDraft, AuditEntity, AuditEvent, AuditOperation, AuditResult, Container, EntityKind, Membership, Party,
    Principal, Tenant,
};
use identity_core::fake::{FixedClock, MemoryPolicyStore, SequentialIds};
use identity_core::port::{AuditLog, MockPolicyStore, MockPolicyTransaction, PolicyStore, StoreError, Tail, snapshot};
use identity_core::preset;
use identity_core::service::{Authorizer, Caller, Groups, ServiceError, StoredGroups};
use identity_core::value::{Name, Revision, RoleId, TenantId, Username};
use identity_core::world::Sources;

const SOURCES: Sources = Sources::Provider { groups_claimed: false };

async fn engine_on(store: &MemoryPolicyStore) -> Engine {
    let audit: Arc<dyn AuditLog> = Arc::new(store.audit_log());
    engine(Arc::new(store.clone()), audit).await.unwrap()
}

async fn engine(store: Arc<dyn PolicyStore>, audit: Arc<dyn AuditLog>) -> Result<Engine, StoreError> {
    Engine::start(
        store,
        audit,
        Arc::new(FixedClock::new(time::OffsetDateTime::UNIX_EPOCH)),
        SOURCES,
        ResourceCatalog::standard(),
    )
    .await
}

fn tenant(id: &str) -> Command {
    Command::CreateTenant(Tenant::new(TenantId::parse(id).unwrap(), Name::parse(id).unwrap()))
}

fn attempt() -> AuditDraft {
    let entity = AuditEntity { kind: EntityKind::Tenant, key: "t".to_owned() };
    AuditDraft::new(AuditOperation::Create, entity)
}

async fn create(engine: &Engine, id: &str) -> Result<Revision, WriteError> {
    let command = tenant(id);
    let done = engine.execute(&ServerRequest, attempt(), |_| Ok(vec![command])).await?;
    Ok(done.revision)
}

/// The audit log, oldest entry first.
async fn recorded(store: &MemoryPolicyStore) -> Vec<AuditEvent> {
    let log = store.audit_log();
    let mut events = Vec::new();
    for key in 1.. {
        match log.find(key).await.unwrap() {
            Some(event) => events.push(event),
            None => return events,
        }
    }
    events
}

#[tokio::test]
async fn a_write_is_in_the_world_in_the_store_and_in_the_audit_log() {
    let store = MemoryPolicyStore::default();
    let engine = engine_on(&store).await;
    assert_eq!(create(&engine, "t").await.unwrap(), Revision(1));
    assert!(engine.world().tenant("t").is_some());
    assert_eq!(snapshot(&store).await.unwrap().revision, Revision(1));
    let events = recorded(&store).await;
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].result, events[0].revision), (AuditResult::Success, Some(Revision(1))));
}

#[tokio::test]
async fn a_refusal_changes_nothing_and_is_recorded() {
    let store = MemoryPolicyStore::default();
    let engine = engine_on(&store).await;
    create(&engine, "t").await.unwrap();
    let refused = create(&engine, "t").await;
    assert!(matches!(refused, Err(WriteError::Refused(Refusal::Exists(_)))));
    assert_eq!(engine.world().revision(), Revision(1));
    let events = recorded(&store).await;
    assert_eq!((events.len(), events[1].result), (2, AuditResult::Fail));
    assert_eq!(events[1].reason.as_deref(), Some("exists"));
    // The write lock is free for the next write.
    assert_eq!(create(&engine, "u").await.unwrap(), Revision(2));
}

#[tokio::test]
async fn a_writer_validates_against_what_another_replica_has_just_written() {
    let store = MemoryPolicyStore::default();
    let (one, two) = (engine_on(&store).await, engine_on(&store).await);
    create(&one, "t").await.unwrap();
    assert!(two.world().tenant("t").is_none(), "not followed yet");
    assert!(matches!(create(&two, "t").await, Err(WriteError::Refused(Refusal::Exists(_)))));
    assert!(two.world().tenant("t").is_some(), "caught up on the way");
    assert_eq!(create(&two, "u").await.unwrap(), Revision(2));
    assert_eq!(one.catch_up().await.unwrap(), Revision(2));
    assert!(one.world().tenant("u").is_some());
}

#[tokio::test]
async fn whoever_waits_for_a_revision_gets_it_from_a_follower() {
    let store = MemoryPolicyStore::default();
    let (writer, follower) = (engine_on(&store).await, Arc::new(engine_on(&store).await));
    let following = tokio::spawn({
        let follower = Arc::clone(&follower);
        async move { follower.follow().await }
    });
    let waiting = tokio::spawn({
        let follower = Arc::clone(&follower);
        async move { follower.at_least(Revision(3)).await.revision() }
    });
    for id in ["a", "b", "c"] {
        create(&writer, id).await.unwrap();
    }
    let reached = tokio::time::timeout(Duration::from_secs(30), waiting).await.unwrap().unwrap();
    assert_eq!(reached, Revision(3));
    following.abort();
}

#[tokio::test]
async fn a_follower_whose_log_is_gone_loads_everything() {
    let store = MemoryPolicyStore::default();
    let (writer, follower) = (engine_on(&store).await, engine_on(&store).await);
    for id in ["a", "b", "c"] {
        create(&writer, id).await.unwrap();
    }
    store.prune(1);
    assert_eq!(follower.catch_up().await.unwrap(), Revision(3));
    assert_eq!(follower.world().tenants().len(), 3);
}

#[tokio::test]
async fn a_commit_that_fails_leaves_the_world_as_it_was() {
    let mut store = MockPolicyStore::new();
    store.expect_load().returning(|_| Ok(Revision::default()));
    store.expect_begin().returning(|_| {
        let mut transaction = MockPolicyTransaction::new();
        transaction.expect_missed().return_const(Tail::Commits(Vec::new()));
        transaction.expect_commit().returning(|_| Err(StoreError::Unavailable("the wire is cut".into())));
        Ok(Box::new(transaction))
    });
    let audit: Arc<dyn AuditLog> = Arc::new(MemoryPolicyStore::default().audit_log());
    let engine = engine(Arc::new(store), audit).await.unwrap();
    assert!(matches!(create(&engine, "t").await, Err(WriteError::Store(StoreError::Unavailable(_)))));
    assert_eq!(engine.world().revision(), Revision(0));
    assert!(engine.world().tenant("t").is_none());
}

fn caller(engine: &Engine, name: &str) -> Caller {
    let principal = Principal::User(Username::parse(name).unwrap());
    Caller::authenticated(engine.world(), principal, Some("r-1".to_owned()))
}

#[tokio::test]
async fn the_gate_lets_nobody_pass_who_lacks_the_permission_and_records_the_denial() {
    let store = MemoryPolicyStore::default();
    let engine = Arc::new(engine_on(&store).await);
    let admin = Membership::new(
        Container::Role(RoleId::parse(preset::ADMIN_ROLE).unwrap()),
        Party::User(Username::parse("ann").unwrap()),
    );
    engine
        .execute(&ServerRequest, attempt(), |world| {
            let mut commands = missing_defaults(world);
            commands.push(Command::AddMember(admin.unwrap()));
            Ok(commands)
        })
        .await
        .unwrap();
    let groups = StoredGroups::new(Authorizer::management(Arc::clone(&engine)), Arc::new(SequentialIds::default()));
    let name = || Name::parse("Sales").unwrap();
    let before = engine.world().revision();

    let denied = groups.create(&caller(&engine, "eve"), name()).await;
    let Err(ServiceError::Denied(denied)) = denied else { panic!("eve may not") };
    assert_eq!(denied.question, "permission `write` of `camunda-identity-resource-server`");
    assert_eq!(engine.world().revision(), before);
    let last = recorded(&store).await.pop().unwrap();
    assert_eq!((last.result, last.operation), (AuditResult::Denied, AuditOperation::Create));
    assert_eq!(last.request_id.as_deref(), Some("r-1"));

    let created = groups.create(&caller(&engine, "ann"), name()).await.unwrap();
    assert_eq!(created.revision, before.next());
    assert!(engine.world().group(created.value.id.as_str()).is_some());
}
