//! The engine authorizes a change at the time it is applied: with the permissions and the credential at that time, not
//! with those at the start of the request.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use identity_core::apply::{Command, Refusal, missing_defaults};
use identity_core::catalog::ResourceCatalog;
use identity_core::engine::{CredentialEnded, Engine, ServerRequest};
use identity_core::entity::{
    AuditDraft, AuditEntity, AuditEvent, AuditOperation, AuditResult, Container, EntityKind, Group, Membership, Memo,
    Party, Principal, RejectedToken, User, VerifiedToken, WhichSessions,
};
use identity_core::fake::{
    FixedClock, MemoryPolicyStore, MemorySessionStore, PlainCrypto, PlainPasswordHasher, SequentialIds,
};
use identity_core::port::{
    AuditLog, Busy, IdentityProvider, MockTokenVerifier, PasswordHasher, SessionStore, Standing, TokenError,
};
use identity_core::preset;
use identity_core::service::cluster::{ClusterUsers, NewUser, Setup};
use identity_core::service::session::{Browser, SessionPorts, SessionSettings, Sessions};
use identity_core::service::{Authentication, Authorizer, Caller, Groups, ServiceError, StoredGroups, user_creation};
use identity_core::value::{Claims, GroupId, Name, PasswordHash, RoleId, Secret, StoredClaims, Username};
use identity_core::world::Sources;

/// An installation with the administrators `ann` and `root`, both with the password `secret`.
struct Installation {
    store: MemoryPolicyStore,
    engine: Arc<Engine>,
}

impl Installation {
    async fn start(sources: Sources) -> Self {
        let store = MemoryPolicyStore::default();
        let installation = Self { engine: replica(&store, sources).await, store };
        installation.execute(missing_defaults(&installation.engine.world())).await;
        for name in ["ann", "root"] {
            installation.execute(user_creation(user(name, "secret").await)).await;
            installation.execute(vec![Command::AddMember(admin(&Party::User(username(name))))]).await;
        }
        installation
    }

    async fn builtin() -> Self {
        Self::start(Sources::BuiltIn).await
    }

    async fn execute(&self, commands: Vec<Command>) {
        self.engine.execute(&ServerRequest, anything(), |_| Ok(commands)).await.unwrap();
    }

    /// Removes `ann` from the administrator role, which leaves her without permissions.
    async fn revoke(&self) {
        self.execute(vec![Command::RemoveMember(admin(&Party::User(username("ann"))))]).await;
    }

    fn groups(&self) -> StoredGroups {
        StoredGroups::new(Authorizer::management(Arc::clone(&self.engine)), Arc::new(SequentialIds::default()))
    }

    fn ann(&self) -> Caller {
        Caller::authenticated(self.engine.world(), Principal::User(username("ann")), Some("r-1".to_owned()))
    }

    async fn last_record(&self) -> AuditEvent {
        let log = self.store.audit_log();
        let mut last = None;
        for key in 1.. {
            let Some(event) = log.find(key).await.unwrap() else { break };
            last = Some(event);
        }
        last.unwrap()
    }

    fn authentication(&self) -> Authentication {
        Authentication::new(Arc::clone(&self.engine), None, Some(Arc::new(PlainPasswordHasher)))
    }

    /// `ann`, authenticated with her password.
    async fn ann_by_password(&self) -> Caller {
        self.authentication().basic("ann", &Secret::new("secret".to_owned()), None, None).await.unwrap()
    }
}

async fn replica(store: &MemoryPolicyStore, sources: Sources) -> Arc<Engine> {
    let audit: Arc<dyn AuditLog> = Arc::new(store.audit_log());
    let clock = Arc::new(FixedClock::new(time::OffsetDateTime::UNIX_EPOCH));
    Arc::new(Engine::start(Arc::new(store.clone()), audit, clock, sources, ResourceCatalog::standard()).await.unwrap())
}

fn anything() -> AuditDraft {
    let entity = AuditEntity { kind: EntityKind::Role, key: "r".to_owned() };
    AuditDraft::new(AuditOperation::Update, entity)
}

fn username(text: &str) -> Username {
    Username::parse(text).unwrap()
}

async fn user(name: &str, password: &str) -> User {
    let password = PlainPasswordHasher.hash(&Secret::new(password.to_owned())).await.unwrap();
    User::new(username(name), password)
}

fn admin(member: &Party) -> Membership {
    Membership::new(Container::Role(RoleId::parse(preset::ADMIN_ROLE).unwrap()), member.clone()).unwrap()
}

fn name() -> Name {
    Name::parse("Sales").unwrap()
}

fn group(id: &str) -> Command {
    Command::CreateGroup(Group::new(GroupId::parse(id).unwrap(), name()))
}

#[tokio::test]
async fn a_right_revoked_during_the_request_denies_the_change_and_is_recorded() {
    let installation = Installation::builtin().await;
    let ann = installation.ann();
    installation.revoke().await;
    let before = installation.engine.world().revision();
    let Err(ServiceError::Denied(denied)) = installation.groups().create(&ann, name()).await else {
        panic!("ann may not any more")
    };
    assert_eq!(denied.revision, before, "decided in the newest world");
    assert_eq!(installation.engine.world().revision(), before);
    let last = installation.last_record().await;
    assert_eq!((last.result, last.operation), (AuditResult::Denied, AuditOperation::Create));
    assert_eq!((last.key, last.request_id.as_deref()), (denied.reason_id.unwrap(), Some("r-1")));
}

#[tokio::test]
async fn a_right_revoked_on_another_replica_denies_the_change_before_that_is_known_here() {
    let installation = Installation::builtin().await;
    let other = Installation {
        store: installation.store.clone(),
        engine: replica(&installation.store, Sources::BuiltIn).await,
    };
    let ann = installation.ann();
    other.revoke().await;
    assert!(matches!(installation.groups().create(&ann, name()).await, Err(ServiceError::Denied(_))));
}

#[tokio::test]
async fn a_right_revoked_during_the_request_denies_a_change_of_a_directory_before_it_is_begun() {
    let installation = Installation::builtin().await;
    let other = Installation {
        store: installation.store.clone(),
        engine: replica(&installation.store, Sources::BuiltIn).await,
    };
    let ann = installation.ann();
    let authorizer = Authorizer::management(Arc::clone(&installation.engine));
    let touched = AtomicBool::new(false);
    let change = async {
        touched.store(true, Ordering::SeqCst);
        Ok(())
    };
    other.revoke().await;
    assert!(matches!(authorizer.change(&ann, anything(), change).await, Err(ServiceError::Denied(_))));
    assert!(!touched.load(Ordering::SeqCst));
    assert_eq!(installation.last_record().await.result, AuditResult::Denied);
}

#[tokio::test]
async fn a_right_revoked_while_a_password_is_hashed_creates_no_user() {
    /// A hasher that revokes the permission while it computes a hash.
    struct Slow(Arc<Installation>);
    #[async_trait]
    impl PasswordHasher for Slow {
        async fn hash(&self, password: &Secret) -> Option<PasswordHash> {
            self.0.revoke().await;
            PlainPasswordHasher.hash(password).await
        }
        async fn hash_all(&self, passwords: &[Secret]) -> Option<Vec<PasswordHash>> {
            self.0.revoke().await;
            PlainPasswordHasher.hash_all(passwords).await
        }
        fn import(&self, stored: &str) -> Option<PasswordHash> {
            PlainPasswordHasher.import(stored)
        }
        async fn verify(&self, password: &Secret, hash: &PasswordHash, standing: Standing) -> Result<bool, Busy> {
            PlainPasswordHasher.verify(password, hash, standing).await
        }
        async fn remembers(&self, _: &Secret, _: &PasswordHash) -> bool {
            false
        }
    }
    let installation = Arc::new(Installation::builtin().await);
    let users = ClusterUsers::new(
        Authorizer::cluster(Arc::clone(&installation.engine), true),
        Arc::new(Slow(Arc::clone(&installation))),
    );
    let new = NewUser { username: username("backdoor"), name: None, email: None };
    let created = users.create(&installation.ann(), new, &Secret::new("secret".to_owned())).await;
    assert!(matches!(created, Err(ServiceError::Denied(_))));
    assert!(installation.engine.world().user("backdoor").is_none());
}

#[tokio::test]
async fn a_deleted_user_and_one_with_another_password_change_nothing() {
    let installation = Installation::builtin().await;
    let ann = installation.ann_by_password().await;
    installation.groups().create(&ann, name()).await.unwrap();
    installation.execute(vec![Command::UpdateUser(user("ann", "another").await)]).await;
    let refused = installation.groups().create(&ann, name()).await;
    assert!(matches!(refused, Err(ServiceError::Credential(CredentialEnded::User))), "another password");
    let last = installation.last_record().await;
    assert_eq!((last.result, last.reason.as_deref()), (AuditResult::Denied, Some("password")));

    installation.execute(vec![Command::DeleteUser(username("ann"))]).await;
    let refused = installation.groups().create(&ann, name()).await;
    assert!(matches!(refused, Err(ServiceError::Credential(CredentialEnded::User))), "deleted");
}

#[tokio::test]
async fn a_deleted_user_changes_nothing_where_authorizations_are_switched_off() {
    let installation = Installation::builtin().await;
    let ann = installation.ann_by_password().await;
    installation.execute(vec![Command::DeleteUser(username("ann"))]).await;
    let authorizer = Authorizer::cluster(Arc::clone(&installation.engine), false);
    assert!(matches!(authorizer.command(&ann, group("g")).await, Err(ServiceError::Credential(CredentialEnded::User))));
}

#[tokio::test]
async fn a_token_that_expires_during_the_request_changes_nothing() {
    let installation = Installation::start(Sources::Provider { groups_claimed: false }).await;
    let mut verifier = MockTokenVerifier::new();
    let token = Arc::new(VerifiedToken {
        issuer: "https://idp.example".into(),
        principal: Principal::User(username("ann")),
        groups: None,
        permissions: BTreeSet::new(),
        claims: StoredClaims::from(&Claims::new(serde_json::json!({})).unwrap()),
        display_name: None,
        email: None,
        expires_at: time::OffsetDateTime::UNIX_EPOCH,
        memo: Memo::default(),
    });
    let (has_expired, now) = (Arc::new(AtomicBool::new(false)), Arc::clone(&token));
    let expired = Arc::clone(&has_expired);
    verifier.expect_verify().returning(move |_| Ok(Arc::clone(&token)));
    verifier.expect_verify_now().returning(move |_| match expired.load(Ordering::SeqCst) {
        true => Err(TokenError::Rejected(RejectedToken::Expired)),
        false => Ok(Arc::clone(&now)),
    });
    let authentication = Authentication::new(Arc::clone(&installation.engine), Some(Arc::new(verifier)), None);
    let ann = authentication.bearer("raw", None).await.unwrap();
    installation.groups().create(&ann, name()).await.unwrap();
    has_expired.store(true, Ordering::SeqCst);
    let refused = installation.groups().create(&ann, name()).await;
    let expired = CredentialEnded::Token(RejectedToken::Expired);
    assert!(matches!(refused, Err(ServiceError::Credential(ended)) if ended == expired));
    assert_eq!(installation.last_record().await.reason.as_deref(), Some("token_expired"));
}

#[tokio::test]
async fn a_session_that_ends_during_the_request_changes_nothing() {
    let installation = Installation::builtin().await;
    let store = MemorySessionStore::default();
    let ports = SessionPorts {
        store: Arc::new(store.clone()),
        crypto: Arc::new(PlainCrypto::default()),
        providers: Vec::<Arc<dyn IdentityProvider>>::new(),
        entitlements: None,
    };
    let settings = SessionSettings {
        idle: std::time::Duration::from_secs(60),
        longest: std::time::Duration::from_secs(600),
        most_per_principal: 5,
        redirect_uri: String::new(),
        signed_out_uri: String::new(),
    };
    let authorizer = Authorizer::management(Arc::clone(&installation.engine));
    let sessions = Sessions::new(Arc::clone(&installation.engine), authorizer, ports, settings);
    let by_password = installation.ann_by_password().await;
    let id = sessions.open_for_user(&by_password, Browser::default()).await.unwrap();
    let activity = identity_core::service::session::Activity::Person;
    let ann = sessions.caller(&id, activity, None).await.unwrap().unwrap().caller;
    installation.groups().create(&ann, name()).await.unwrap();

    let ended = store.delete(&WhichSessions::Of(Principal::User(username("ann")))).await.unwrap();
    assert_eq!(ended.len(), 1);
    let refused = installation.groups().create(&ann, name()).await;
    assert!(matches!(refused, Err(ServiceError::Credential(CredentialEnded::Session))));
    let others = sessions.end_all_of(&ann, Principal::User(username("root"))).await;
    assert!(matches!(others, Err(ServiceError::Credential(CredentialEnded::Session))), "nor among sessions");
}

fn set_up_of(engine: &Arc<Engine>) -> Setup {
    Setup::new(Arc::clone(engine), Arc::new(PlainPasswordHasher))
}

async fn set_up(setup: &Setup, name: &str) -> Result<(), ServiceError> {
    let user = NewUser { username: username(name), name: None, email: None };
    setup.create(user, &Secret::new("secret".to_owned()), None, None).await.map(drop)
}

/// An installation without users that have permissions.
async fn unclaimed() -> Installation {
    let store = MemoryPolicyStore::default();
    let installation = Installation { engine: replica(&store, Sources::BuiltIn).await, store };
    installation.execute(missing_defaults(&installation.engine.world())).await;
    installation
}

fn is_protected(outcome: &Result<(), ServiceError>) -> bool {
    matches!(outcome, Err(ServiceError::Refused(Refusal::Protected(_))))
}

#[tokio::test]
async fn set_up_is_closed_as_soon_as_a_user_administers_by_any_path() {
    let member = |group: &str, user: &str| {
        let group = Container::Group(GroupId::parse(group).unwrap());
        Command::AddMember(Membership::new(group, Party::User(username(user))).unwrap())
    };
    let installation = unclaimed().await;
    let setup = set_up_of(&installation.engine);
    let ops = Party::Group(GroupId::parse("ops").unwrap());
    installation.execute(vec![group("ops"), Command::AddMember(admin(&ops))]).await;
    installation.execute(user_creation(user("bob", "secret").await)).await;
    assert!(setup.is_open(), "a group without members administers nothing");
    installation.execute(vec![member("ops", "bob")]).await;
    assert!(!setup.is_open());
    assert!(is_protected(&set_up(&setup, "stranger").await));
    assert!(installation.engine.world().user("stranger").is_none());

    let installation = unclaimed().await;
    let setup = set_up_of(&installation.engine);
    set_up(&setup, "first").await.unwrap();
    installation.execute(vec![group("ops"), Command::AddMember(admin(&ops)), member("ops", "first")]).await;
    installation.execute(vec![Command::RemoveMember(admin(&Party::User(username("first"))))]).await;
    assert!(is_protected(&set_up(&setup, "stranger").await), "the last direct member moved into a group");
}

#[tokio::test]
async fn of_two_that_set_up_at_once_one_is_refused() {
    let installation = unclaimed().await;
    let other = set_up_of(&replica(&installation.store, Sources::BuiltIn).await);
    let setup = set_up_of(&installation.engine);
    let (one, two) = tokio::join!(set_up(&setup, "one"), set_up(&other, "two"));
    assert_eq!([&one, &two].into_iter().filter(|outcome| is_protected(outcome)).count(), 1, "{one:?} {two:?}");
    assert_eq!([&one, &two].into_iter().filter(|outcome| outcome.is_ok()).count(), 1);
}
