//! Deletions that span a directory and the store, interrupted at every step.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use identity_core::apply::{AdminPower, Command, Refusal, missing_defaults};
use identity_core::catalog::ResourceCatalog;
use identity_core::engine::{Engine, ServerRequest};
use identity_core::entity::{
    Actor, ApiPermission, AuditDraft, AuditEntity, AuditEvent, AuditOperation, AuditResult, Client, ClientKind,
    Container, EntityKind, Group, Membership, Memo, NewClient, NewDirectoryUser, Party, Permission, Principal, Role,
    Tenant, VerifiedToken,
};
use identity_core::fake::{FixedClock, MemoryDeletionJournal, MemoryDirectory, MemoryPolicyStore, SequentialIds};
use identity_core::port::{
    ApiDirectory, ClientDirectory, DeletionJournal, DirectoryError, GroupDirectory, MockDeletionJournal,
    MockGroupDirectory, MockTokenVerifier, PolicyStore, RoleDirectory, StoreError, UserDirectory,
};
use identity_core::preset;
use identity_core::service::{
    Authentication, Authorizer, Caller, Clients, Deletions, DirectoryGroups, Groups, MemberDirectories, ServiceError,
    Settled,
};
use identity_core::value::{
    Audience, Claims, ClientId, Description, GroupId, Name, PermissionName, RoleId, StoredClaims, TenantId, Username,
};
use identity_core::world::Sources;
use time::{Duration, OffsetDateTime};

const TENANT: &str = "t";

/// The shared storage and directory of several replicas.
struct Platform {
    store: MemoryPolicyStore,
    journal: MemoryDeletionJournal,
    directory: MemoryDirectory,
    clock: Arc<FixedClock>,
    ids: Arc<SequentialIds>,
}

struct Replica {
    engine: Arc<Engine>,
    deletions: Arc<Deletions>,
    groups: DirectoryGroups,
    clients: Clients,
}

impl Platform {
    async fn new() -> Self {
        let store = MemoryPolicyStore::default();
        let journal = MemoryDeletionJournal::new(store.audit_log());
        let clock = Arc::new(FixedClock::new(OffsetDateTime::UNIX_EPOCH));
        let platform = Self {
            store,
            journal,
            directory: MemoryDirectory::default(),
            clock,
            ids: Arc::new(SequentialIds::default()),
        };
        let tenant = Tenant::new(TenantId::parse(TENANT).unwrap(), Name::parse(TENANT).unwrap());
        let admin = Container::Role(RoleId::parse(preset::ADMIN_ROLE).unwrap());
        let ann = Membership::new(admin, Party::User(Username::parse("ann").unwrap())).unwrap();
        let engine = platform.replica().await.engine;
        let mut commands = missing_defaults(&engine.world());
        commands.extend([Command::CreateTenant(tenant), Command::AddMember(ann)]);
        execute(&engine, commands).await;
        platform
    }

    async fn replica(&self) -> Replica {
        self.replica_with(Arc::new(self.directory.clone()), Arc::new(self.journal.clone())).await
    }

    /// A replica that deletes through `groups` and reconciles against the actual directory.
    async fn replica_with(&self, groups: Arc<dyn GroupDirectory>, journal: Arc<dyn DeletionJournal>) -> Replica {
        let engine = Engine::start(
            Arc::new(self.store.clone()),
            Arc::new(self.store.audit_log()),
            Arc::clone(&self.clock) as _,
            Sources::Provider { groups_claimed: true },
            ResourceCatalog::standard(),
        );
        let engine = Arc::new(engine.await.unwrap());
        let directory = Arc::new(self.directory.clone());
        let members = MemberDirectories {
            users: Arc::clone(&directory) as _,
            groups: Arc::clone(&directory) as _,
            clients: Arc::clone(&directory) as _,
        };
        let deletions = Arc::new(Deletions::new(Arc::clone(&engine), journal, Arc::clone(&self.ids) as _, members));
        let authorizer = || Authorizer::management(Arc::clone(&engine));
        let groups = DirectoryGroups::new(authorizer(), groups, Arc::clone(&deletions));
        let clients = Clients::new(authorizer(), directory, Arc::clone(&deletions));
        Replica { engine, deletions, groups, clients }
    }

    /// Creates a group in the directory and adds it to the tenant.
    async fn member(&self) -> Group {
        let group = GroupDirectory::create(&self.directory, &Name::parse("Sales").unwrap()).await.unwrap();
        self.join(Party::Group(group.id.clone())).await;
        group
    }

    async fn join(&self, party: Party) {
        let membership = Membership::new(tenant(), party).unwrap();
        execute(&self.replica().await.engine, vec![Command::AddMember(membership)]).await;
    }

    /// The members of the tenant.
    async fn members(&self) -> Vec<Party> {
        self.replica().await.engine.world().members(&tenant()).collect()
    }

    /// The newest entry of the audit log.
    fn last(&self) -> AuditEvent {
        self.store.audit_log().events().pop().unwrap()
    }

    fn reconciled(&self) -> Vec<AuditEvent> {
        let events = self.store.audit_log().events().into_iter();
        events.filter(|event| event.reason.as_deref() == Some("reconciled")).collect()
    }

    async fn open(&self) -> usize {
        self.journal.list().await.unwrap().len()
    }

    /// Starts the deletion of a group and stops after the directory's half.
    async fn interrupted(&self, group: &Group) {
        let replica = self.replica().await;
        let caller = caller(&replica.engine, "ann");
        // Another transaction holds the write lock, so the second half has to wait.
        let somebody = self.store.begin(replica.engine.world().revision()).await.unwrap();
        interrupt(replica.groups.delete(&caller, group.id.clone())).await;
        drop(somebody);
        assert!(matches!(GroupDirectory::find(&self.directory, &group.id).await, Err(DirectoryError::Missing(_))));
    }
}

/// Polls the future once and drops it.
async fn interrupt<T>(work: impl Future<Output = T>) {
    let mut work = pin!(work);
    let pending = poll_fn(|context| Poll::Ready(work.as_mut().poll(context).is_pending())).await;
    assert!(pending, "it is done");
}

fn tenant() -> Container {
    Container::Tenant(TenantId::parse(TENANT).unwrap())
}

async fn execute(engine: &Engine, commands: Vec<Command>) {
    let entity = AuditEntity { kind: EntityKind::Tenant, key: TENANT.to_owned() };
    let attempt = AuditDraft::new(AuditOperation::Create, entity);
    engine.execute(&ServerRequest, attempt, |_| Ok(commands)).await.unwrap();
}

fn caller(engine: &Engine, name: &str) -> Caller {
    let principal = Principal::User(Username::parse(name).unwrap());
    Caller::authenticated(engine.world(), principal, Some("r-1".to_owned()))
}

/// A caller whose token contains the permission `write`.
async fn caller_by_token(engine: &Arc<Engine>, name: &str) -> Caller {
    let write = Permission {
        audience: Audience::parse(preset::IDENTITY_AUDIENCE).unwrap(),
        definition: PermissionName::parse(preset::WRITE).unwrap(),
    };
    let token = Arc::new(VerifiedToken {
        issuer: "https://idp.example".into(),
        principal: Principal::User(Username::parse(name).unwrap()),
        groups: Some(Vec::new()),
        permissions: [write].into(),
        claims: StoredClaims::from(&Claims::new(serde_json::json!({})).unwrap()),
        display_name: None,
        email: None,
        expires_at: OffsetDateTime::UNIX_EPOCH,
        memo: Memo::default(),
    });
    let mut verifier = MockTokenVerifier::new();
    let known = Arc::clone(&token);
    verifier.expect_verify().returning(move |_| Ok(Arc::clone(&known)));
    verifier.expect_verify_now().returning(move |_| Ok(Arc::clone(&token)));
    let authentication = Authentication::new(Arc::clone(engine), Some(Arc::new(verifier)), None);
    authentication.bearer("raw", None).await.unwrap()
}

/// Settles the due deletions, as the server does.
async fn settle(replica: &Replica) -> Vec<Settled> {
    let mut settled = Vec::new();
    for deletion in replica.deletions.open().await.unwrap() {
        if replica.deletions.is_due(&deletion) {
            settled.extend(replica.deletions.settle(&deletion).await.unwrap());
        }
    }
    settled
}

/// A directory that responds to a deletion with an error.
fn answering(error: DirectoryError) -> Arc<dyn GroupDirectory> {
    let mut groups = MockGroupDirectory::new();
    groups.expect_delete().returning(move |_| Err(error.clone()));
    Arc::new(groups)
}

fn silent() -> DirectoryError {
    DirectoryError::Unavailable {
        reason: "it does not answer in time".to_owned(),
        retry_after: std::time::Duration::ZERO,
    }
}

#[tokio::test]
async fn a_deletion_takes_both_halves_and_leaves_one_record_of_itself() {
    let platform = Platform::new().await;
    let group = platform.member().await;
    let replica = platform.replica().await;
    let deleted = replica.groups.delete(&caller(&replica.engine, "ann"), group.id.clone()).await.unwrap();
    assert_eq!(deleted.revision, replica.engine.world().revision());
    assert_eq!((platform.members().await, platform.open().await), (vec![], 0));
    let last = platform.last();
    assert_eq!(
        (last.operation, last.result, last.entity.key.as_str()),
        (AuditOperation::Delete, AuditResult::Success, group.id.as_str())
    );
    let again = replica.groups.delete(&caller(&replica.engine, "ann"), group.id).await;
    assert!(matches!(again, Err(ServiceError::Missing(_))), "{again:?}");
    assert_eq!((platform.last().reason.as_deref(), platform.open().await), (Some("missing"), 0));
}

#[tokio::test]
async fn what_another_replica_has_just_given_is_taken_too() {
    let platform = Platform::new().await;
    let replica = platform.replica().await;
    let caller = caller(&replica.engine, "ann");
    let group = platform.member().await;
    replica.groups.delete(&caller, group.id).await.unwrap();
    assert_eq!(platform.members().await, []);
}

#[tokio::test]
async fn a_deletion_that_was_interrupted_between_its_halves_is_finished() {
    let platform = Platform::new().await;
    let group = platform.member().await;
    platform.interrupted(&group).await;
    assert_eq!((platform.members().await.len(), platform.open().await), (1, 1));
    let replica = platform.replica().await;
    assert_eq!(settle(&replica).await, [], "whoever began it may still be at it");
    platform.clock.advance(Duration::seconds(10));
    assert_eq!(settle(&replica).await, [Settled::Done]);
    assert_eq!((platform.members().await, platform.open().await), (vec![], 0));

    let events = platform.store.audit_log().events();
    let [unassigned, deleted] = events.last_chunk().unwrap();
    assert_eq!((unassigned.operation, unassigned.request_id.as_deref()), (AuditOperation::Unassign, Some("r-1")));
    assert_eq!((deleted.actor.clone(), deleted.result), (Actor::System, AuditResult::Success));
    assert_eq!(deleted.entity, AuditEntity { kind: EntityKind::Group, key: group.id.to_string() });
    assert_eq!(deleted.related, Some(AuditEntity { kind: EntityKind::User, key: "ann".to_owned() }));
    assert_eq!((deleted.reason.as_deref(), deleted.request_id.as_deref()), (Some("reconciled"), Some("r-1")));
}

#[tokio::test]
async fn whoever_tries_again_finishes_it_too() {
    let platform = Platform::new().await;
    let group = platform.member().await;
    platform.interrupted(&group).await;
    let replica = platform.replica().await;
    replica.groups.delete(&caller(&replica.engine, "ann"), group.id).await.unwrap();
    assert_eq!(platform.members().await, []);
    assert_eq!(
        (platform.last().actor, platform.last().result),
        (caller(&replica.engine, "ann").actor, AuditResult::Success)
    );
    platform.clock.advance(Duration::seconds(10));
    assert_eq!(settle(&replica).await, [Settled::Done]);
    assert_eq!(platform.open().await, 0);
}

#[tokio::test]
async fn two_servers_at_once_settle_it_once() {
    let platform = Platform::new().await;
    let group = platform.member().await;
    platform.interrupted(&group).await;
    let (one, two) = (platform.replica().await, platform.replica().await);
    let deletion = platform.journal.list().await.unwrap().remove(0);
    let (first, second) = tokio::join!(one.deletions.settle(&deletion), two.deletions.settle(&deletion));
    let mut told = [first.unwrap(), second.unwrap()];
    told.sort_by_key(Option::is_some);
    assert_eq!(told, [None, Some(Settled::Done)]);
    assert_eq!((platform.members().await, platform.reconciled().len()), (vec![], 1));
}

#[tokio::test]
async fn a_directory_that_did_not_answer_is_asked_again() {
    let platform = Platform::new().await;
    let group = platform.member().await;
    let replica = platform.replica_with(answering(silent()), Arc::new(platform.journal.clone())).await;
    let failed = replica.groups.delete(&caller(&replica.engine, "ann"), group.id.clone()).await;
    assert!(matches!(failed, Err(ServiceError::Directory(DirectoryError::Unavailable { .. }))), "{failed:?}");
    assert_eq!((platform.last().reason.as_deref(), platform.open().await), (Some("directory_unavailable"), 1));

    platform.clock.advance(Duration::seconds(599));
    assert_eq!(settle(&replica).await, [], "it may still do it");
    assert_eq!((platform.members().await.len(), platform.open().await), (1, 1));
    // The directory completes the deletion late.
    GroupDirectory::delete(&platform.directory, &group.id).await.unwrap();
    assert_eq!(settle(&replica).await, [Settled::Done]);
    assert_eq!((platform.members().await, platform.open().await), (vec![], 0));
}

#[tokio::test]
async fn a_deletion_that_never_happened_is_forgotten_in_the_end_and_takes_nothing() {
    let platform = Platform::new().await;
    let group = platform.member().await;
    let replica = platform.replica_with(answering(silent()), Arc::new(platform.journal.clone())).await;
    _ = replica.groups.delete(&caller(&replica.engine, "ann"), group.id.clone()).await.unwrap_err();
    platform.clock.advance(Duration::seconds(600));
    assert_eq!(settle(&replica).await, [Settled::NotDone]);
    assert_eq!(platform.members().await, [Party::Group(group.id)]);
    let last = platform.last();
    assert_eq!(
        (last.actor, last.result, last.reason.as_deref()),
        (Actor::System, AuditResult::Fail, Some("reconciled"))
    );
    assert_eq!(platform.open().await, 0);
}

#[tokio::test]
async fn what_the_directory_refuses_is_over_at_once() {
    let entity = AuditEntity { kind: EntityKind::Group, key: "g".to_owned() };
    for error in [
        DirectoryError::Refused("it may not".to_owned()),
        DirectoryError::Invalid("it does not like it".to_owned()),
        DirectoryError::Conflict(entity),
    ] {
        let platform = Platform::new().await;
        let group = platform.member().await;
        let replica = platform.replica_with(answering(error.clone()), Arc::new(platform.journal.clone())).await;
        _ = replica.groups.delete(&caller(&replica.engine, "ann"), group.id.clone()).await.unwrap_err();
        assert_eq!((platform.members().await.len(), platform.open().await), (1, 0), "{error}");
        assert_eq!(
            (platform.last().result, platform.last().reason.as_deref()),
            (AuditResult::Fail, Some(error.code()))
        );
    }
}

#[tokio::test]
async fn a_directory_that_is_away_keeps_it_open() {
    let platform = Platform::new().await;
    let group = platform.member().await;
    platform.interrupted(&group).await;
    let mut away = MockGroupDirectory::new();
    away.expect_find().returning(|_| Err(silent()));
    let replica = platform.replica().await;
    let members = MemberDirectories {
        users: Arc::new(platform.directory.clone()),
        groups: Arc::new(away),
        clients: Arc::new(platform.directory.clone()),
    };
    let (engine, journal) = (Arc::clone(&replica.engine), Arc::new(platform.journal.clone()));
    let deletions = Deletions::new(engine, journal, Arc::clone(&platform.ids) as _, members);
    platform.clock.advance(Duration::DAY);
    let deletion = platform.journal.list().await.unwrap().remove(0);
    assert!(matches!(deletions.settle(&deletion).await, Err(ServiceError::Directory(_))));
    assert_eq!((platform.members().await.len(), platform.open().await), (1, 1));
    assert_eq!(settle(&replica).await, [Settled::Done], "once it is there again");
}

#[tokio::test]
async fn nothing_is_deleted_that_is_not_in_the_journal() {
    let platform = Platform::new().await;
    let group = platform.member().await;
    let mut full = MockDeletionJournal::new();
    full.expect_open().returning(|_| Err(StoreError::Unavailable("the disk is full".into())));
    let replica = platform.replica_with(Arc::new(platform.directory.clone()), Arc::new(full)).await;
    let failed = replica.groups.delete(&caller(&replica.engine, "ann"), group.id.clone()).await;
    assert!(matches!(failed, Err(ServiceError::Store(_))), "{failed:?}");
    assert_eq!(GroupDirectory::find(&platform.directory, &group.id).await.unwrap(), group);
}

#[tokio::test]
async fn who_may_not_begins_nothing() {
    let platform = Platform::new().await;
    let group = platform.member().await;
    let mut journal = MockDeletionJournal::new();
    journal.expect_open().never();
    let replica = platform.replica_with(Arc::new(MockGroupDirectory::new()), Arc::new(journal)).await;
    let denied = replica.groups.delete(&caller(&replica.engine, "eve"), group.id).await;
    assert!(matches!(denied, Err(ServiceError::Denied(_))), "{denied:?}");
}

#[tokio::test]
async fn what_the_rules_keep_here_is_not_deleted_there() {
    let platform = Platform::new().await;
    let group = platform.member().await;
    let replica = platform.replica().await;
    // From here on, only the group has administrator permissions.
    let admin = || Container::Role(RoleId::parse(preset::ADMIN_ROLE).unwrap());
    let ann = Membership::new(admin(), Party::User(Username::parse("ann").unwrap())).unwrap();
    let all_of_it = Membership::new(admin(), Party::Group(group.id.clone())).unwrap();
    let deleter = caller_by_token(&replica.engine, "ann").await;
    execute(&replica.engine, vec![Command::AddMember(all_of_it), Command::RemoveMember(ann)]).await;
    let refused = replica.groups.delete(&deleter, group.id.clone()).await;
    assert!(matches!(refused, Err(ServiceError::Refused(Refusal::LockOut(AdminPower::WriteApi)))), "{refused:?}");
    assert_eq!(GroupDirectory::find(&platform.directory, &group.id).await.unwrap(), group);
    assert_eq!((platform.open().await, platform.last().result), (0, AuditResult::Fail));
}

/// Makes a user the only administrator of the directory, through the group.
async fn administer(directory: &MemoryDirectory, group: &GroupId) {
    let audience = Audience::parse(preset::IDENTITY_AUDIENCE).unwrap();
    let definition = PermissionName::parse(preset::WRITE).unwrap();
    let permission = ApiPermission { definition: definition.clone(), description: Description::default() };
    let name = Name::parse("Own API").unwrap();
    ApiDirectory::create(directory, &audience, &name, &[permission]).await.unwrap();
    let id = RoleId::parse("Administrator").unwrap();
    let role = Role { permissions: [Permission { audience, definition }].into(), ..Role::new(id.clone(), name) };
    RoleDirectory::create(directory, &role).await.unwrap();
    GroupDirectory::assign_role(directory, group, &id).await.unwrap();
    let user = NewDirectoryUser {
        username: Name::parse("ann").unwrap(),
        first_name: None,
        last_name: None,
        email: None,
        enabled: true,
        password: None,
    };
    let user = UserDirectory::create(directory, &user).await.unwrap();
    directory.add_member(group, &user.id).await.unwrap();
}

#[tokio::test]
async fn a_directory_keeps_the_group_of_its_last_administrator() {
    let platform = Platform::new().await;
    let group = platform.member().await;
    administer(&platform.directory, &group.id).await;
    let replica = platform.replica().await;
    let deleter = caller(&replica.engine, "ann");
    let refused = replica.groups.delete(&deleter, group.id.clone()).await;
    assert!(matches!(refused, Err(ServiceError::Refused(Refusal::LockOut(AdminPower::WriteApi)))), "{refused:?}");
    let event = platform.last();
    assert_eq!((event.result, event.reason.as_deref()), (AuditResult::Fail, Some("lock_out")));
    assert_eq!((platform.open().await, platform.members().await), (0, vec![Party::Group(group.id)]));
}

fn new_client() -> NewClient {
    NewClient {
        client_id: ClientId::parse("worker").unwrap(),
        name: Name::parse("Worker").unwrap(),
        kind: ClientKind::MachineToMachine,
        secret: None,
        root_url: None,
        redirect_uris: Vec::new(),
    }
}

/// Creates an application that is a member of the tenant, and interrupts its deletion.
async fn interrupted_client(platform: &Platform) -> Client {
    let replica = platform.replica().await;
    let client = replica.clients.create(&caller(&replica.engine, "ann"), &new_client()).await.unwrap().value;
    platform.join(Party::Client(client.client_id.clone())).await;
    let somebody = platform.store.begin(replica.engine.world().revision()).await.unwrap();
    interrupt(replica.clients.delete(&caller(&replica.engine, "ann"), client.key.as_str())).await;
    drop(somebody);
    client
}

#[tokio::test]
async fn the_next_application_of_an_id_does_not_get_what_the_last_one_had() {
    let platform = Platform::new().await;
    interrupted_client(&platform).await;
    assert_eq!(platform.members().await.len(), 1);
    let replica = platform.replica().await;
    replica.clients.create(&caller(&replica.engine, "ann"), &new_client()).await.unwrap();
    assert_eq!((platform.members().await, platform.open().await), (vec![], 0));
}

#[tokio::test]
async fn who_settles_late_takes_nothing_from_the_next_application_of_an_id() {
    let platform = Platform::new().await;
    interrupted_client(&platform).await;
    let late = platform.journal.list().await.unwrap().remove(0);
    let replica = platform.replica().await;
    let next = replica.clients.create(&caller(&replica.engine, "ann"), &new_client()).await.unwrap().value;
    platform.join(Party::Client(next.client_id.clone())).await;
    assert_eq!(replica.deletions.settle(&late).await.unwrap(), None);
    assert_eq!(platform.members().await, [Party::Client(next.client_id)]);
}

#[tokio::test]
async fn an_application_is_gone_even_if_another_has_its_id() {
    let platform = Platform::new().await;
    interrupted_client(&platform).await;
    // Another client creates an application with this ID, directly in the directory.
    ClientDirectory::create(&platform.directory, &new_client()).await.unwrap();
    platform.clock.advance(Duration::MINUTE);
    assert_eq!(settle(&platform.replica().await).await, [Settled::Done]);
    assert_eq!(platform.members().await, []);
}
