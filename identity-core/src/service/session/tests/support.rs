//! Sessions on fakes and a provider with scripted answers.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use serde_json::json;
use time::Duration as Span;
use time::macros::datetime;

use super::super::*;
use crate::apply::Command;
use crate::catalog::ResourceCatalog;
use crate::engine::ServerRequest;
use crate::entity::{Principal, User};
use crate::fake::{FixedClock, MemoryPolicyStore, MemorySessionStore, PlainCrypto, PlainPasswordHasher};
use crate::port::{
    AuditField, AuditFilter, AuditQuery, AuditText, AuthorizationRequest, AuthorizationResponse, EndSessionRequest,
    LogoutNotice, PasswordHasher as _, PendingSignIn, ProviderError, RefusedSignIn, SignedIn,
};
use crate::search::{Row as _, Start, Window};
use crate::service::Authentication;
use crate::value::{Claims, Email, LocalPath, Namespace, Username};
use crate::world::Sources;

pub(super) const ISSUER: &str = "https://idp.example";

/// A provider that gives scripted answers and counts calls.
pub(super) struct Scripted {
    pub(super) namespace: std::sync::Mutex<Namespace>,
    pub(super) clock: Arc<FixedClock>,
    pub(super) refreshes: AtomicUsize,
    pub(super) revocations: AtomicUsize,
    pub(super) next: std::sync::Mutex<Result<serde_json::Value, ProviderError>>,
    /// Held during a refresh.
    pub(super) authorizer: async_lock::Mutex<()>,
}

impl Scripted {
    pub(super) fn answers(&self, next: Result<serde_json::Value, ProviderError>) {
        *self.next.lock().unwrap() = next;
    }

    pub(super) fn signed_in(&self, claims: serde_json::Value) -> SignedIn {
        SignedIn {
            subject: "s-1".to_owned(),
            provider_session: Some("sid-1".to_owned()),
            principal: Principal::User(Username::parse("ann").unwrap()),
            groups: None,
            display_name: Some("Ann".to_owned()),
            email: Email::parse("ann@example.org").ok(),
            claims: Claims::new(claims).unwrap(),
            provenance: std::collections::BTreeMap::new(),
            id_token: Secret::new("id-token".to_owned()),
            refresh_token: Some(Secret::new("refresh-token".to_owned())),
            renewal_due_at: crate::port::Clock::now(self.clock.as_ref()) + Span::minutes(5),
        }
    }
}

#[async_trait]
impl IdentityProvider for Scripted {
    fn id(&self) -> &str {
        "main"
    }
    fn display_name(&self) -> &str {
        "Main"
    }
    fn issuer(&self) -> &str {
        ISSUER
    }
    fn holds(&self, principal: &Principal) -> bool {
        self.namespace.lock().unwrap().holds(principal.id())
    }
    async fn authorization_url(&self, request: &AuthorizationRequest) -> Result<String, ProviderError> {
        Ok(format!("{ISSUER}/auth?state={}&challenge={}", request.state, request.code_challenge))
    }
    async fn redeem(&self, _: &AuthorizationResponse, _: &PendingSignIn) -> Result<SignedIn, ProviderError> {
        self.next.lock().unwrap().clone().map(|claims| self.signed_in(claims))
    }
    async fn refresh(&self, _: &SignedIn) -> Result<SignedIn, ProviderError> {
        self.refreshes.fetch_add(1, Ordering::SeqCst);
        let _held = self.authorizer.lock().await;
        self.next.lock().unwrap().clone().map(|claims| self.signed_in(claims))
    }
    async fn revoke(&self, _: &Secret) -> Result<(), ProviderError> {
        self.revocations.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
    async fn end_session_url(&self, ending: &EndSessionRequest) -> Result<Option<String>, ProviderError> {
        Ok(Some(format!("{ISSUER}/logout?state={}", ending.state)))
    }
    async fn logout_token(&self, token: &str) -> Result<LogoutNotice, ProviderError> {
        let (sub, sid) = token.split_once('/').ok_or(RefusedSignIn::LogoutToken("malformed"))?;
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let expires_at = crate::port::Clock::now(self.clock.as_ref()) + Span::minutes(2);
        Ok(LogoutNotice { id: token.to_owned(), expires_at, subject: text(sub), provider_session: text(sid) })
    }
}

pub(super) struct Site {
    pub(super) clock: Arc<FixedClock>,
    pub(super) engine: Arc<Engine>,
    pub(super) store: MemorySessionStore,
    pub(super) audit: Arc<dyn crate::port::AuditLog>,
    pub(super) provider: Arc<Scripted>,
    pub(super) sessions: Sessions,
}

pub(super) fn unavailable() -> ProviderError {
    ProviderError::Unavailable { retry_after: Duration::from_secs(5) }
}

pub(super) async fn site(sources: Sources) -> Site {
    let policy = MemoryPolicyStore::default();
    let audit = Arc::new(policy.audit_log());
    let clock = Arc::new(FixedClock::new(datetime!(2026-03-01 12:00 UTC)));
    let engine = Engine::start(Arc::new(policy), audit.clone(), clock.clone(), sources, ResourceCatalog::standard());
    let engine = Arc::new(engine.await.unwrap());
    let provider = Arc::new(Scripted {
        clock: Arc::clone(&clock),
        refreshes: AtomicUsize::new(0),
        namespace: std::sync::Mutex::default(),
        revocations: AtomicUsize::new(0),
        next: std::sync::Mutex::new(Ok(json!({"sub": "s-1"}))),
        authorizer: async_lock::Mutex::new(()),
    });
    let store = MemorySessionStore::default();
    let providers: Vec<Arc<dyn IdentityProvider>> =
        if sources == Sources::BuiltIn { Vec::new() } else { vec![provider.clone()] };
    let ports = SessionPorts {
        store: Arc::new(store.clone()),
        crypto: Arc::new(PlainCrypto::default()),
        providers,
        entitlements: None,
    };
    let settings = SessionSettings {
        idle: Duration::from_secs(30 * 60),
        longest: Duration::from_secs(12 * 3600),
        most_per_principal: 5,
        redirect_uri: "https://identity.example/auth/login-callback".to_owned(),
        signed_out_uri: "https://identity.example/auth/logged-out".to_owned(),
    };
    let sessions = Sessions::new(Arc::clone(&engine), Authorizer::management(Arc::clone(&engine)), ports, settings);
    Site { clock, engine, store, audit, provider, sessions }
}

pub(super) async fn oidc() -> Site {
    site(Sources::Provider { groups_claimed: false }).await
}

impl Site {
    pub(super) fn path() -> LocalPath {
        LocalPath::parse("/groups").unwrap()
    }

    pub(super) async fn sign_in(&self) -> SessionId {
        let started = self.sessions.start(None, &Self::path(), false).await.unwrap();
        let opened = self.comes_back(&started, started.transaction.expose()).await.unwrap();
        assert_eq!(opened.return_to, Self::path());
        opened.id
    }

    pub(super) async fn comes_back(&self, started: &Started, transaction: &str) -> Result<Opened, SignInError> {
        self.sessions.complete(answer(&state(started)), Some(transaction), Browser::default()).await
    }

    pub(super) async fn caller(&self, id: &SessionId, activity: Activity) -> Option<SessionCaller> {
        self.sessions.caller(id, activity, None).await.unwrap()
    }

    pub(super) async fn lives(&self, id: &SessionId) -> bool {
        self.caller(id, Activity::Polling).await.is_some()
    }

    /// Returns the reasons in the audit log, oldest first.
    pub(super) async fn reasons(&self) -> Vec<String> {
        let query = AuditQuery::new(AuditFilter::default(), &[], &Window { start: Start::Offset(0), limit: 100 });
        let found = self.audit.search(&query.unwrap()).await.unwrap();
        let reason = |event: &crate::entity::AuditEvent| {
            event.text(AuditField::Text(AuditText::Reason)).map(std::borrow::Cow::into_owned)
        };
        found.items.iter().filter_map(reason).collect()
    }
}

pub(super) fn state(started: &Started) -> String {
    let (_, rest) = started.location.split_once("state=").unwrap();
    rest.split('&').next().unwrap().to_owned()
}

pub(super) fn answer(state: &str) -> CallbackAnswer {
    let response = AuthorizationResponse { code: Secret::new("code".to_owned()), issuer: None };
    CallbackAnswer { state: Some(state.to_owned()), outcome: Ok(response) }
}

pub(super) async fn builtin() -> (Site, Authentication) {
    let site = site(Sources::BuiltIn).await;
    set_password(&site, "p").await;
    let hasher = Arc::new(PlainPasswordHasher);
    let authentication = Authentication::new(Arc::clone(&site.engine), None, Some(hasher));
    (site, authentication)
}

pub(super) async fn set_password(site: &Site, password: &str) {
    let password = PlainPasswordHasher.hash(&Secret::new(password.to_owned())).await.unwrap();
    let user = User::new(Username::parse("ann").unwrap(), password);
    let entity = AuditEntity { kind: EntityKind::User, key: "ann".to_owned() };
    let attempt = AuditDraft::new(AuditOperation::Update, entity);
    let plan = |world: &crate::world::World| {
        let known = world.user("ann").is_some();
        Ok(vec![if known { Command::UpdateUser(user) } else { Command::CreateUser(user) }])
    };
    site.engine.execute(&ServerRequest, attempt, plan).await.unwrap();
}
