//! Bulk changes: all or nothing, each under the same rules as a single change.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use identity_core::apply::{AdminPower, Command, NewAuthorization, Refusal, missing_defaults};
use identity_core::catalog::ResourceCatalog;
use identity_core::document::PolicyDocument;
use identity_core::engine::{CredentialEnded, Engine, NotPermitted, ServerRequest};
use identity_core::entity::{
    AuditDraft, AuditEntity, AuditEvent, AuditOperation, AuditResult, Container, EntityKind, Group, Membership, Party,
    Permission, Principal, Role, Scope, User,
};
use identity_core::fake::{FixedClock, MemoryInstallation, MemoryPolicyStore, PlainPasswordHasher};
use identity_core::port::{AuditLog, PasswordHasher};
use identity_core::preset;
use identity_core::resolve::{ResolveInput, Subject, resolve};
use identity_core::service::bulk::{
    Bulk, BulkError, DocumentChange, Extent, IfExists, Item, MAX_ITEMS, NewPassword, NotPlanned, Offers, Removal,
    documents_about,
};
use identity_core::service::cluster::NewUser;
use identity_core::service::{Authorizer, Caller, CheckedCredential, Credential, ServiceError, user_creation};
use identity_core::value::{
    Audience, DocumentName, GroupId, Name, PasswordHash, PermissionName, ResourceTypeName, RoleId, Secret, Username,
};
use identity_core::world::{Sources, World};
use time::OffsetDateTime;

struct Installation {
    store: MemoryPolicyStore,
    engine: Arc<Engine>,
    bulk: Bulk,
}

/// An installation with `ann`, who has the role `admin`, and `bob`, whose role contains only `write`.
async fn installation() -> Installation {
    let store = MemoryPolicyStore::default();
    let audit: Arc<dyn AuditLog> = Arc::new(store.audit_log());
    let clock = Arc::new(FixedClock::new(time::OffsetDateTime::UNIX_EPOCH));
    let engine = Engine::start(Arc::new(store.clone()), audit, clock, Sources::BuiltIn, ResourceCatalog::standard());
    let engine = Arc::new(engine.await.unwrap());
    let mut commands = missing_defaults(&engine.world());
    for name in ["ann", "bob"] {
        let password = PlainPasswordHasher.hash(&Secret::new("secret".to_owned())).await.unwrap();
        commands.extend(user_creation(User::new(username(name), password)));
    }
    let audience = Audience::parse(preset::IDENTITY_AUDIENCE).unwrap();
    let write = Permission { audience, definition: PermissionName::parse(preset::WRITE).unwrap() };
    commands.push(Command::CreateRole(Role {
        permissions: [write].into(),
        ..Role::new(RoleId::parse("writers").unwrap(), Name::parse("Writers").unwrap())
    }));
    commands.push(Command::AddMember(in_role(preset::ADMIN_ROLE, "ann")));
    commands.push(Command::AddMember(in_role("writers", "bob")));
    let entity = AuditEntity { kind: EntityKind::Role, key: "r".to_owned() };
    let attempt = AuditDraft::new(AuditOperation::Update, entity);
    engine.execute(&ServerRequest, attempt, |_| Ok(commands)).await.unwrap();
    let bulk = Bulk::new(
        Authorizer::management(Arc::clone(&engine)),
        Authorizer::cluster(Arc::clone(&engine), true),
        Some(Arc::new(PlainPasswordHasher)),
        Offers { tenants: true, resource_authorizations: true },
    )
    .keeping_documents_in(Arc::new(MemoryInstallation::default()));
    Installation { store, engine, bulk }
}

impl Installation {
    fn caller(&self, name: &str) -> Caller {
        Caller::authenticated(self.engine.world(), Principal::User(username(name)), Some("r-1".to_owned()))
    }

    async fn records(&self) -> Vec<AuditEvent> {
        let (log, mut records) = (self.store.audit_log(), Vec::new());
        while let Some(event) = log.find(records.len() as u64 + 1).await.unwrap() {
            records.push(event);
        }
        records
    }
}

fn username(text: &str) -> Username {
    Username::parse(text).unwrap()
}

fn in_role(role: &str, member: &str) -> Membership {
    Membership::new(Container::Role(RoleId::parse(role).unwrap()), Party::User(username(member))).unwrap()
}

fn user(name: &str, password: NewPassword) -> Item {
    Item::CreateUser(NewUser { username: username(name), name: None, email: None }, password)
}

fn group(id: &str) -> Item {
    Item::Command(Command::CreateGroup(Group::new(GroupId::parse(id).unwrap(), Name::parse(id).unwrap())))
}

fn member(group: &str, member: &str) -> Item {
    let container = Container::Group(GroupId::parse(group).unwrap());
    Item::Command(Command::AddMember(Membership::new(container, Party::User(username(member))).unwrap()))
}

fn grant(owner: &str, resource_type: &str, permissions: &[&str]) -> Item {
    Item::Command(Command::CreateAuthorization(NewAuthorization {
        owner: Party::User(username(owner)),
        resource_type: ResourceTypeName::parse(resource_type).unwrap(),
        scope: Scope::Any,
        permissions: permissions.iter().map(|name| PermissionName::parse(name).unwrap()).collect(),
        condition: None,
    }))
}

fn is_denied_at(outcome: Result<identity_core::service::bulk::BulkDone, BulkError>, index: usize) -> bool {
    matches!(outcome, Err(BulkError { index: Some(at), error: ServiceError::Denied(_) }) if at == index)
}

#[tokio::test]
async fn all_changes_are_one_revision_with_an_audit_entry_each() {
    let installation = installation().await;
    let (before, recorded) = (installation.engine.world().revision(), installation.records().await.len());
    let items = vec![
        user("eve", NewPassword::Plain(Secret::new("a password".to_owned()))),
        user("max", NewPassword::Imported(PasswordHash::new("$plain$x".to_owned()))),
        user("zoe", NewPassword::Absent),
        group("sales"),
        member("sales", "eve"),
        grant("eve", "PROCESS_DEFINITION", &["READ_PROCESS_DEFINITION"]),
    ];
    let done = installation.bulk.apply(&installation.caller("ann"), items, IfExists::Fail).await.unwrap();
    assert_eq!((done.revision, done.skipped), (before.next(), 0));
    let world = installation.engine.world();
    assert_eq!(world.revision(), before.next());
    let password = |name: &str| world.user(name).unwrap().password.expose().to_owned();
    assert_eq!((password("eve").as_str(), password("max").as_str()), ("$plain$a password", "$plain$x"));
    assert!(!world.user("zoe").unwrap().has_password());
    let records = installation.records().await.split_off(recorded);
    // A new user gets the permission to read their own data, which is an authorization and has its own record.
    assert_eq!(records.len(), 9);
    assert!(records.iter().all(|record| record.result == AuditResult::Success
        && record.revision == Some(done.revision)
        && record.request_id.as_deref() == Some("r-1")));
}

#[tokio::test]
async fn a_refused_change_refuses_all_and_is_named() {
    let installation = installation().await;
    let (before, recorded) = (installation.engine.world().revision(), installation.records().await.len());
    let items = vec![group("a"), group("b"), member("b", "nobody"), group("c")];
    let refused = installation.bulk.apply(&installation.caller("ann"), items, IfExists::Fail).await.unwrap_err();
    assert_eq!(refused.index, Some(2));
    assert!(matches!(refused.error, ServiceError::Refused(Refusal::Missing(_))), "{refused}");
    let world = installation.engine.world();
    assert_eq!(world.revision(), before);
    assert!(world.group("a").is_none());
    let records = installation.records().await.split_off(recorded);
    let results: Vec<_> = records.iter().map(|record| (record.result, record.operation)).collect();
    assert_eq!(results, [(AuditResult::Fail, AuditOperation::Assign)]);
}

#[tokio::test]
async fn users_and_cluster_authorizations_need_what_they_need_alone() {
    let installation = installation().await;
    let bob = installation.caller("bob");
    let fail = IfExists::Fail;
    assert!(installation.bulk.apply(&bob, vec![group("a")], fail).await.is_ok(), "`write` is enough for groups");
    let process = || grant("bob", "PROCESS_DEFINITION", &["READ_PROCESS_DEFINITION"]);
    for item in [user("eve", NewPassword::Absent), Item::Command(Command::DeleteUser(username("ann"))), process()] {
        assert!(is_denied_at(installation.bulk.apply(&bob, vec![group("b"), item], fail).await, 1));
    }
    let plain = user("eve", NewPassword::Plain(Secret::new("a password".to_owned())));
    assert!(is_denied_at(installation.bulk.apply(&bob, vec![plain], fail).await, 0));
    assert!(installation.engine.world().group("b").is_none());
    // A permission removed earlier in the request does not authorize later items.
    let items = vec![Item::Command(Command::RemoveMember(in_role("writers", "bob"))), group("c")];
    assert!(is_denied_at(installation.bulk.apply(&bob, items, fail).await, 1));
    assert!(
        installation
            .engine
            .world()
            .is_member(in_role("writers", "bob").container(), in_role("writers", "bob").member())
    );
}

/// A credential like a browser session: its check queries a store.
struct Checks {
    principal: Principal,
    count: AtomicUsize,
    /// Number of checks that succeed.
    valid: usize,
}

#[async_trait]
impl Credential for Checks {
    async fn check(&self, _: OffsetDateTime) -> Result<Box<dyn CheckedCredential + '_>, NotPermitted> {
        let earlier = self.count.fetch_add(1, Ordering::Relaxed);
        if earlier < self.valid { Ok(Box::new(self)) } else { Err(CredentialEnded::Session.into()) }
    }
}

impl CheckedCredential for &Checks {
    fn resolve(&self, world: &World) -> Result<Subject, CredentialEnded> {
        Ok(resolve(world, ResolveInput::from(&self.principal)))
    }
}

/// Other writers wait during the checks, so their number must not depend on the number of items.
#[tokio::test]
async fn checks_a_credential_once_for_all_changes() {
    let installation = installation().await;
    // One check before the write lock is acquired, and one while it is held.
    for (valid, succeeds) in [(2, true), (1, false)] {
        let credential =
            Arc::new(Checks { principal: Principal::User(username("ann")), count: AtomicUsize::default(), valid });
        let caller = Caller { credential: Arc::<Checks>::clone(&credential), ..installation.caller("ann") };
        let items = (0..200).map(|n| user(&format!("{valid}-{n}"), NewPassword::Absent)).collect();
        let outcome = installation.bulk.apply(&caller, items, IfExists::Fail).await;
        assert_eq!(outcome.is_ok(), succeeds);
        assert_eq!(credential.count.load(Ordering::Relaxed), 2);
        assert!(succeeds || matches!(outcome.unwrap_err().error, ServiceError::Credential(CredentialEnded::Session)));
    }
}

#[tokio::test]
async fn an_administrator_without_a_password_does_not_prevent_a_lock_out() {
    let installation = installation().await;
    let ann = installation.caller("ann");
    let items = vec![
        user("eve", NewPassword::Absent),
        Item::Command(Command::AddMember(in_role(preset::ADMIN_ROLE, "eve"))),
        Item::Command(Command::RemoveMember(in_role(preset::ADMIN_ROLE, "ann"))),
    ];
    let refused = installation.bulk.apply(&ann, items, IfExists::Fail).await.unwrap_err();
    assert_eq!(refused.index, Some(2));
    assert!(matches!(refused.error, ServiceError::Refused(Refusal::LockOut(AdminPower::Authorize))), "{refused}");
}

#[tokio::test]
async fn what_exists_is_skipped_on_demand_and_never_changed() {
    let installation = installation().await;
    let ann = installation.caller("ann");
    let items = || {
        vec![
            user("bob", NewPassword::Plain(Secret::new("another one".to_owned()))),
            group("sales"),
            member("sales", "bob"),
            grant("bob", "PROCESS_DEFINITION", &["READ_PROCESS_DEFINITION"]),
        ]
    };
    let old = installation.engine.world().user("bob").unwrap().clone();
    let done = installation.bulk.apply(&ann, items(), IfExists::Skip).await.unwrap();
    assert_eq!(done.skipped, 1);
    assert_eq!(*installation.engine.world().user("bob").unwrap(), old, "the password stays");
    let again = installation.bulk.apply(&ann, items(), IfExists::Skip).await.unwrap();
    assert_eq!((again.skipped, again.revision), (4, done.revision), "nothing is written");
    // An existing authorization with fewer permissions than requested does not count as existing.
    let more = grant("bob", "PROCESS_DEFINITION", &["READ_PROCESS_DEFINITION", "CREATE_PROCESS_INSTANCE"]);
    let refused = installation.bulk.apply(&ann, vec![more], IfExists::Skip).await.unwrap_err();
    assert!(matches!(refused.error, ServiceError::Refused(Refusal::Exists(_))), "{refused}");
}

#[tokio::test]
async fn more_than_a_commit_holds_is_refused_before_anything_is_done() {
    let installation = installation().await;
    let items = (0..=MAX_ITEMS).map(|number| group(&format!("g{number}"))).collect();
    let refused = installation.bulk.apply(&installation.caller("ann"), items, IfExists::Fail).await.unwrap_err();
    assert!(matches!(refused.error, ServiceError::Refused(Refusal::Full)), "{refused}");
}

#[tokio::test]
async fn changes_of_a_caller_who_is_gone_are_not_made() {
    let installation = installation().await;
    let (caller, before) = (installation.caller("ann"), installation.engine.world().revision());
    caller.cancellation.cancel();
    let outcome = installation.bulk.apply(&caller, vec![group("a")], IfExists::Fail).await;
    assert!(matches!(outcome, Err(BulkError { index: None, error: ServiceError::Cancelled })), "{outcome:?}");
    assert_eq!(installation.engine.world().revision(), before);
}

#[tokio::test]
async fn tenants_that_are_switched_off_stay_off() {
    let installation = installation().await;
    let engine = &installation.engine;
    let offers = Offers { tenants: false, resource_authorizations: false };
    let bulk = Bulk::new(
        Authorizer::management(Arc::clone(engine)),
        Authorizer::cluster(Arc::clone(engine), true),
        None,
        offers,
    );
    let ann = installation.caller("ann");
    let tenant = Command::DeleteTenant(identity_core::value::TenantId::parse("t").unwrap());
    for item in [Item::Command(tenant), user("eve", NewPassword::Absent)] {
        let refused = bulk.apply(&ann, vec![group("a"), item], IfExists::Fail).await.unwrap_err();
        assert!(matches!(refused, BulkError { index: Some(1), error: ServiceError::NotManaged(_) }), "{refused}");
    }
    let refused =
        bulk.apply(&ann, vec![grant("bob", "process-definition", &["READ"])], IfExists::Fail).await.unwrap_err();
    assert!(matches!(refused.error, ServiceError::Refused(Refusal::Unsupported(_))), "{refused}");
}

fn change(text: &str) -> DocumentChange {
    DocumentChange {
        document: PolicyDocument::from_json(text).unwrap(),
        name: DocumentName::parse("policies").unwrap(),
        removal: Removal::Nothing,
        passwords: BTreeMap::new(),
        reviewed: None,
        source: Some("commit 7f3a by Ann".to_owned()),
    }
}

const SALES: &str = r#"{
    "users": [{"username": "eve", "name": "Eve"}, {"username": "max", "enabled": false}],
    "groups": [{"group-id": "sales", "name": "Sales", "users": ["eve"]}],
    "authorizations": [{"owner-type": "GROUP", "owner-id": "sales", "resource-type": "PROCESS_DEFINITION",
        "resource-id": "*", "permissions": ["READ_PROCESS_DEFINITION"]}]
}"#;

#[tokio::test]
async fn a_document_is_one_revision_with_an_audit_entry_of_its_source() {
    let installation = installation().await;
    let (before, recorded) = (installation.engine.world().revision(), installation.records().await.len());
    let ann = installation.caller("ann");
    let secret = Secret::new("a password".to_owned());
    let change = DocumentChange { passwords: [(username("eve"), secret)].into(), ..change(SALES) };
    let planned = installation.bulk.plan(&ann, &change.document, &Extent::default(), [username("eve")].into()).unwrap();
    assert_eq!(installation.engine.world().revision(), before);
    let (done, revision) = installation.bulk.apply_document(&ann, &change).await.unwrap();
    assert_eq!((revision, done.digest), (before.next(), planned.digest));
    let world = installation.engine.world();
    assert!(world.user("eve").unwrap().has_password() && !world.user("max").unwrap().is_active());
    let records = installation.records().await.split_off(recorded);
    assert!(records.iter().all(|record| record.revision == Some(revision)));
    assert_eq!(records.len(), done.changes.len() + 1);
    assert_eq!(records[0].changes.fields()[1].after.as_deref(), Some("commit 7f3a by Ann"));

    // Applied twice, it changes nothing. The application is recorded.
    let (again, revision) = installation.bulk.apply_document(&installation.caller("ann"), &change).await.unwrap();
    assert_eq!((again.changes.len(), revision), (0, before.next()));
    assert_eq!(installation.records().await.len(), recorded + records.len() + 1);
}

#[tokio::test]
async fn a_document_is_refused_if_its_plan_is_no_longer_the_reviewed_one() {
    let installation = installation().await;
    let ann = installation.caller("ann");
    let planned = installation.bulk.plan(&ann, &change(SALES).document, &Extent::default(), BTreeSet::new()).unwrap();
    let reviewed = DocumentChange { reviewed: Some(planned.digest), ..change(SALES) };
    // Another administrator makes the group, under another name.
    installation.bulk.apply(&ann, vec![group("sales")], IfExists::Fail).await.unwrap();
    let before = installation.engine.world().revision();
    let refused = installation.bulk.apply_document(&installation.caller("ann"), &reviewed).await;
    assert!(matches!(refused, Err(NotPlanned::Failed(ServiceError::Refused(Refusal::Outdated)))), "{refused:?}");
    assert_eq!(installation.engine.world().revision(), before);
    // What the plan does not touch may change.
    let ann = installation.caller("ann");
    let planned = installation.bulk.plan(&ann, &change(SALES).document, &Extent::default(), BTreeSet::new()).unwrap();
    installation.bulk.apply(&ann, vec![group("other")], IfExists::Fail).await.unwrap();
    let reviewed = DocumentChange { reviewed: Some(planned.digest), ..change(SALES) };
    installation.bulk.apply_document(&installation.caller("ann"), &reviewed).await.unwrap();
}

#[tokio::test]
async fn a_document_is_refused_whole_without_a_permission_for_each_change() {
    let installation = installation().await;
    let before = installation.engine.world().revision();
    for name in ["bob", "stranger"] {
        let denied = installation.bulk.apply_document(&installation.caller(name), &change(SALES)).await;
        assert!(matches!(denied, Err(NotPlanned::Failed(ServiceError::Denied(_)))), "{name}: {denied:?}");
    }
    let dangling = change(r#"{"groups": [{"group-id": "a", "name": "A", "users": ["ghost", "phantom"]}]}"#);
    let refused = installation.bulk.apply_document(&installation.caller("ann"), &dangling).await;
    let Err(NotPlanned::Findings(findings)) = refused else { panic!("findings") };
    let places: Vec<&str> = findings.iter().map(|finding| finding.pointer.as_str()).collect();
    assert_eq!(places, ["/groups/0/users/0", "/groups/0/users/1"]);
    assert_eq!(installation.engine.world().revision(), before);
    // Not even an exact document without users causes a lock-out.
    let empty = DocumentChange { removal: Removal::Everything, ..change("{}") };
    let refused = installation.bulk.apply_document(&installation.caller("ann"), &empty).await;
    let Err(NotPlanned::Findings(findings)) = refused else { panic!("a finding") };
    assert!(findings[0].rule.contains("last principal"), "{findings:?}");
}

#[tokio::test]
async fn a_document_removes_what_the_last_one_of_its_name_stated_and_no_other_does() {
    let installation = installation().await;
    let named = |name: &str, text: &str| DocumentChange {
        name: DocumentName::parse(name).unwrap(),
        removal: Removal::Managed,
        ..change(text)
    };
    let groups = |ids: &[&str]| {
        let group = |id: &&str| format!(r#"{{"group-id": "{id}", "name": "{id}", "users": ["ann"]}}"#);
        format!(r#"{{"groups": [{}]}}"#, ids.iter().map(group).collect::<Vec<_>>().join(", "))
    };
    let apply = async |change: DocumentChange| {
        installation
            .bulk
            .apply_document(&installation.caller("ann"), &change)
            .await
            .map(|(plan, _)| plan.commands.len())
    };
    apply(named("base", &groups(&["a", "b"]))).await.unwrap();
    apply(named("team", &groups(&["c"]))).await.unwrap();
    installation.bulk.apply(&installation.caller("ann"), vec![group("by-hand")], IfExists::Fail).await.unwrap();

    let Err(NotPlanned::Findings(conflict)) =
        apply(named("team", r#"{"groups": [{"group-id": "a", "name": "Other"}]}"#)).await
    else {
        panic!("a conflict")
    };
    assert_eq!(conflict[0].rule, "is defined differently by the document `base`");

    assert_eq!(apply(named("base", &groups(&["a"]))).await.unwrap(), 1);
    let world = installation.engine.world();
    let left: Vec<&str> = ["a", "b", "c", "by-hand"].into_iter().filter(|id| world.group(id).is_some()).collect();
    assert_eq!(left, ["a", "c", "by-hand"]);
    let documents = installation.bulk.applied_documents(&installation.caller("ann")).await.unwrap();
    let documents: Vec<(&str, u64)> = documents.iter().map(|one| (one.name.as_str(), one.revision.0)).collect();
    assert_eq!(documents, [("base", world.revision().0), ("team", world.revision().0 - 2)]);
    for (kind, key, expected) in [
        (EntityKind::Group, "a", vec!["base"]),
        (EntityKind::Group, "b", vec![]),
        (EntityKind::User, "ann", vec!["base", "team"]),
        (EntityKind::User, "bob", vec![]),
    ] {
        let entity = AuditEntity { kind, key: key.to_owned() };
        let applied = installation.bulk.applied_documents(&installation.caller("ann")).await.unwrap();
        let about = documents_about(&entity, applied).unwrap();
        assert_eq!(about.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), expected, "{key}");
    }

    // A document that states nothing gives up its name.
    assert_eq!(apply(named("base", "{}")).await.unwrap(), 1);
    let documents = installation.bulk.applied_documents(&installation.caller("ann")).await.unwrap();
    assert_eq!(documents.len(), 1);
    let denied = installation.bulk.applied_documents(&installation.caller("bob")).await;
    assert!(matches!(denied, Err(ServiceError::Denied(_))), "{denied:?}");
}
