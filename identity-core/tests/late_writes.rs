//! Access for directory parties that are deleted or being deleted.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::sync::Arc;

use identity_core::apply::{Command, NewAuthorization, Refusal, missing_defaults};
use identity_core::catalog::ResourceCatalog;
use identity_core::engine::{Engine, ServerRequest};
use identity_core::entity::{
    Actor, AuditDraft, AuditEntity, AuditOperation, Client, ClientKind, Container, Deletable, Deletion, EntityKind,
    Membership, NewClient, Party, Principal, Scope, Tenant,
};
use identity_core::fake::{FixedClock, MemoryDeletionJournal, MemoryDirectory, MemoryPolicyStore};
use identity_core::port::{ClientDirectory, DeletionJournal};
use identity_core::preset;
use identity_core::service::{Authorizer, Caller, DirectoryRecipients, MemberDirectories, ServiceError};
use identity_core::value::{ClientId, Name, PermissionName, ResourceTypeName, RoleId, TenantId, Username};
use identity_core::world::Sources;
use time::OffsetDateTime;

struct Installation {
    engine: Arc<Engine>,
    journal: MemoryDeletionJournal,
    directory: Arc<MemoryDirectory>,
}

impl Installation {
    async fn new() -> Self {
        let store = MemoryPolicyStore::default();
        let journal = MemoryDeletionJournal::new(store.audit_log());
        let clock = Arc::new(FixedClock::new(OffsetDateTime::UNIX_EPOCH));
        let audit = Arc::new(store.audit_log());
        let sources = Sources::Provider { groups_claimed: true };
        let engine = Engine::start(Arc::new(store), audit, clock, sources, ResourceCatalog::standard()).await.unwrap();
        let tenant = Tenant::new(TenantId::parse("t").unwrap(), Name::parse("T").unwrap());
        let admin = Container::Role(RoleId::parse(preset::ADMIN_ROLE).unwrap());
        let ann = Membership::new(admin, Party::User(Username::parse("ann").unwrap())).unwrap();
        let mut commands = missing_defaults(&engine.world());
        commands.extend([Command::CreateTenant(tenant), Command::AddMember(ann)]);
        let entity = AuditEntity { kind: EntityKind::Tenant, key: "t".to_owned() };
        let attempt = AuditDraft::new(AuditOperation::Create, entity);
        engine.execute(&ServerRequest, attempt, |_| Ok(commands)).await.unwrap();
        let directory = Arc::new(MemoryDirectory::default());
        let members = MemberDirectories {
            users: Arc::clone(&directory) as _,
            groups: Arc::clone(&directory) as _,
            clients: Arc::clone(&directory) as _,
        };
        engine.confirm_recipients(Arc::new(DirectoryRecipients::new(Arc::new(journal.clone()), members)));
        Self { engine: Arc::new(engine), journal, directory }
    }

    async fn application(&self) -> Client {
        let new = NewClient {
            client_id: ClientId::parse("till").unwrap(),
            name: Name::parse("Till").unwrap(),
            kind: ClientKind::MachineToMachine,
            secret: None,
            root_url: None,
            redirect_uris: Vec::new(),
        };
        ClientDirectory::create(self.directory.as_ref(), &new).await.unwrap()
    }

    /// Attempts to give an application access: a membership and an authorization.
    async fn given(&self) -> [Result<(), ServiceError>; 2] {
        let till = Party::Client(ClientId::parse("till").unwrap());
        let member = Membership::new(Container::Tenant(TenantId::parse("t").unwrap()), till.clone()).unwrap();
        let authorization = NewAuthorization {
            owner: till,
            resource_type: ResourceTypeName::parse("PROCESS_DEFINITION").unwrap(),
            scope: Scope::Any,
            permissions: [PermissionName::parse("READ_PROCESS_DEFINITION").unwrap()].into(),
            condition: None,
        };
        let authorizer = Authorizer::management(Arc::clone(&self.engine));
        let ann = Principal::User(Username::parse("ann").unwrap());
        let caller = Caller::authenticated(self.engine.world(), ann, None);
        let mut outcomes = Vec::new();
        for command in [Command::AddMember(member), Command::CreateAuthorization(authorization)] {
            outcomes.push(authorizer.command(&caller, command).await.map(|_| ()));
        }
        outcomes.try_into().unwrap()
    }

    fn access(&self) -> usize {
        let world = self.engine.world();
        let till = Party::Client(ClientId::parse("till").unwrap());
        world.memberships(&till).count() + world.owned_by(&till).count()
    }
}

#[tokio::test]
async fn an_application_that_is_being_deleted_is_given_nothing() {
    let installation = Installation::new().await;
    let till = installation.application().await;
    let deletion = Deletion {
        id: "d".to_owned(),
        of: Deletable::Client(till.client_id, till.key),
        actor: Actor::System,
        request_id: None,
        at: OffsetDateTime::UNIX_EPOCH,
    };
    installation.journal.open(&deletion).await.unwrap();
    for outcome in installation.given().await {
        assert!(matches!(&outcome, Err(ServiceError::Refused(Refusal::BeingDeleted(_)))), "{outcome:?}");
    }
    assert_eq!(installation.access(), 0);
}

#[tokio::test]
async fn an_application_that_is_gone_is_given_nothing_that_its_successor_would_inherit() {
    let installation = Installation::new().await;
    let till = installation.application().await;
    ClientDirectory::delete(installation.directory.as_ref(), &till.key).await.unwrap();
    for outcome in installation.given().await {
        assert!(matches!(&outcome, Err(ServiceError::Refused(Refusal::Missing(_)))), "{outcome:?}");
    }
    installation.application().await;
    assert_eq!(installation.access(), 0);
    for outcome in installation.given().await {
        outcome.unwrap();
    }
    assert_eq!(installation.access(), 2);
}
