//! Decisions about principals that requests name by id: what is known about them, and where it comes from.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use identity_core::apply::{Command, NewAuthorization, missing_defaults};
use identity_core::catalog::ResourceCatalog;
use identity_core::engine::{Engine, ServerRequest};
use identity_core::entity::{
    AuditDraft, AuditEntity, AuditOperation, Comparison, Condition, Container, CustomType, EntityKind, MappingRule,
    Membership, Memo, Party, Permission, Principal, Scope, User, VerifiedToken,
};
use identity_core::fake::{FixedClock, MemoryPolicyStore, MemorySessionStore, PlainCrypto};
use identity_core::port::{
    ApiSelection, Clock, Crypto, DirectoryHolder, DirectoryHolders, Entitled, Entitlements, Freshness,
    MockEntitlements, MockSessionStore, SessionStore, StoreError, TokenError,
};
use identity_core::preset::{ADMIN_ROLE, IDENTITY_AUDIENCE};
use identity_core::resolve::resolve_token;
use identity_core::search::SearchBudget;
use identity_core::service::access::{
    Access, Action, Basis, EntityRef, Evaluated, EvaluationRequest, Gap, InDirectory, NotEvaluated, SubjectLookup,
};
use identity_core::service::recent_callers::{KeptClaims, LastSignIns, RecentCallers};
use identity_core::service::{Caller, ServiceError};
use identity_core::value::{
    Audience, ClaimSelector, ClaimValue, Claims, GroupId, MappingRuleId, Name, PasswordHash, PermissionName,
    PropertyName, ResourceTypeName, RoleId, StoredClaims, Username,
};
use identity_core::world::Sources;
use serde_json::{Value, json};
use time::OffsetDateTime;

const TOKENS: Sources = Sources::Provider { groups_claimed: false };
const WEEK: Duration = Duration::from_secs(604_800);
const START: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

/// Replica of a server whose only rule gives the role `admin` to the bearers of tokens with the department `it`.
struct Replica {
    engine: Arc<Engine>,
    clock: Arc<FixedClock>,
    recent: Arc<RecentCallers>,
    sign_ins: Arc<LastSignIns>,
    access: Access,
}

impl Replica {
    async fn new(sources: Sources, kept: KeptClaims, store: &Arc<dyn SessionStore>) -> Self {
        Self::with(sources, kept, store, None).await
    }

    async fn with(
        sources: Sources,
        kept: KeptClaims,
        store: &Arc<dyn SessionStore>,
        directory: Option<Arc<dyn Entitlements>>,
    ) -> Self {
        let policies = MemoryPolicyStore::default();
        let (clock, audit) = (Arc::new(FixedClock::new(START)), Arc::new(policies.audit_log()));
        let engine =
            Engine::start(Arc::new(policies), audit.clone(), clock.clone(), sources, ResourceCatalog::standard());
        let engine = Arc::new(engine.await.unwrap());
        let recent = Arc::new(RecentCallers::new(100, kept));
        let crypto: Arc<dyn Crypto> = Arc::new(PlainCrypto::default());
        let sign_ins = Arc::new(LastSignIns::new(Arc::clone(&recent), Arc::clone(store), crypto));
        let lookup = SubjectLookup::new(Arc::clone(&engine), Arc::clone(&recent))
            .in_sign_ins(Some(Arc::clone(&sign_ins)))
            .in_directory(directory);
        let access = Access::new(Arc::clone(&engine), audit, None, Arc::clone(&recent), None).looking_up(lookup);
        let replica = Self { engine, clock, recent, sign_ins, access };
        let mut commands = missing_defaults(&replica.engine.world());
        let root = Username::parse("root").unwrap();
        if sources == Sources::BuiltIn {
            commands.push(Command::CreateUser(User::new(root.clone(), PasswordHash::placeholder("root"))));
        }
        let root = Party::User(root);
        commands.extend([rule("it", "department", "it"), member(Party::MappingRule(rule_id("it"))), member(root)]);
        replica.execute(commands).await;
        replica
    }

    async fn execute(&self, commands: Vec<Command>) {
        let entity = AuditEntity { kind: EntityKind::MappingRule, key: "it".to_owned() };
        let attempt = AuditDraft::new(AuditOperation::Create, entity);
        self.engine.execute(&ServerRequest, attempt, |_| Ok(commands)).await.unwrap();
    }

    /// Records a token of `ann` with these claims.
    fn sees(&self, claims: Value) {
        let token = Arc::new(VerifiedToken {
            issuer: Arc::from("https://issuer.example"),
            principal: ann(),
            groups: None,
            permissions: BTreeSet::new(),
            claims: StoredClaims::from(&Claims::new(claims).unwrap()),
            display_name: None,
            email: None,
            expires_at: START,
            memo: Memo::default(),
        });
        let world = self.engine.world();
        self.recent.note(&world, &token, &resolve_token(&world, &token), self.clock.now());
    }

    fn caller(&self) -> Caller {
        Caller::authenticated(self.engine.world(), ann(), None)
    }

    async fn try_evaluate(&self, asked: &EvaluationRequest) -> Result<Evaluated, ServiceError> {
        let evaluated = self.access.evaluate(&self.caller(), asked).await?;
        let mut batch = Vec::new();
        let caller = self.caller();
        let mut questions = self.access.batch(&caller);
        for _ in 0..2 {
            batch.push(questions.evaluate(asked).await?);
        }
        assert_eq!(batch, [evaluated.clone(), evaluated.clone()], "a batch decides alike");
        let identified = self.access.identify(&caller.world, &asked.subject, Some(&asked.resource)).await?;
        let explained = self.access.explain(&caller, asked, &identified);
        assert_eq!((explained.decision, &explained.not_evaluated), (evaluated.decision, &evaluated.not_evaluated));
        assert_eq!(explained.explanation.is_some(), evaluated.not_evaluated.is_none());
        Ok(evaluated)
    }

    async fn evaluate(&self, asked: &EvaluationRequest) -> (bool, Option<NotEvaluated>, Option<Basis>) {
        let Evaluated { decision, not_evaluated, basis, .. } = self.try_evaluate(asked).await.unwrap();
        (decision, not_evaluated, basis)
    }

    /// Whether `ann` may administer this service.
    async fn administers(&self) -> (bool, Option<NotEvaluated>, Option<Basis>) {
        self.evaluate(&about("api", IDENTITY_AUDIENCE, "write")).await
    }
}

fn store() -> Arc<dyn SessionStore> {
    Arc::new(MemorySessionStore::default())
}

fn ann() -> Principal {
    Principal::User(Username::parse("ann").unwrap())
}

fn rule_id(id: &str) -> MappingRuleId {
    MappingRuleId::parse(id).unwrap()
}

fn rule(id: &str, claim: &str, value: &str) -> Command {
    let (name, selector) = (Name::parse(id).unwrap(), ClaimSelector::parse(claim).unwrap());
    Command::CreateMappingRule(MappingRule::new(rule_id(id), name, selector, ClaimValue::parse(value).unwrap()))
}

fn member(party: Party) -> Command {
    Command::AddMember(Membership::new(Container::Role(RoleId::parse(ADMIN_ROLE).unwrap()), party).unwrap())
}

/// Asks whether `ann` may perform an action on a resource.
fn about(kind: &str, id: &str, action: &str) -> EvaluationRequest {
    let entity = |kind: &str, id: &str| EntityRef { kind: kind.to_owned(), id: id.to_owned(), ..EntityRef::default() };
    EvaluationRequest {
        subject: entity("user", "ann"),
        action: Action { name: action.to_owned(), ..Action::default() },
        resource: entity(kind, id),
    }
}

const UNDECIDED: (bool, Option<NotEvaluated>, Option<Basis>) =
    (false, Some(NotEvaluated::TokenRequired), Some(Basis::Stored));

#[tokio::test]
async fn a_denial_is_not_certain_while_claims_are_unknown() {
    let replica = Replica::new(TOKENS, KeptClaims::Used(WEEK), &store()).await;
    assert_eq!(replica.administers().await, UNDECIDED);
    let (caller, subject) = (replica.caller(), about("", "", "").subject);
    let identified = replica.access.identify(&caller.world, &subject, None).await.unwrap().unwrap();
    let review = replica.access.review_subject(&caller, &identified, 10, &SearchBudget::default()).unwrap();
    assert_eq!((review.lines.len(), review.gap), (0, Some(Gap::UnknownClaims)));
    let review =
        replica.access.review_administrators(&caller, 10, InDirectory::default(), &SearchBudget::default()).unwrap();
    assert_eq!(review.gap, Some(Gap::UnknownMembers));

    // Claims only add access, so a stored grant decides.
    replica.execute(vec![member(Party::User(Username::parse("ann").unwrap()))]).await;
    assert_eq!(replica.administers().await, (true, None, Some(Basis::Stored)));
}

#[tokio::test]
async fn a_denial_is_certain_where_claims_have_no_effect() {
    let built_in = Replica::new(Sources::BuiltIn, KeptClaims::Used(WEEK), &store()).await;
    assert_eq!(built_in.administers().await, (false, None, Some(Basis::Stored)));
    let without_rules = Replica::new(TOKENS, KeptClaims::Used(WEEK), &store()).await;
    without_rules.execute(vec![Command::DeleteMappingRule(rule_id("it"))]).await;
    assert_eq!(without_rules.administers().await, (false, None, Some(Basis::Stored)));
}

#[tokio::test]
async fn the_last_token_decides_on_every_replica_until_it_is_too_old() {
    let store = store();
    let one = Replica::new(TOKENS, KeptClaims::Used(WEEK), &store).await;
    let other = Replica::new(TOKENS, KeptClaims::Used(WEEK), &store).await;
    one.sees(json!({"sub": "1", "department": "it", "salary": 9}));
    let last = Some(Basis::LastSignIn { at: START });
    assert_eq!(one.administers().await, (true, None, last), "at once on the replica that saw it");
    assert_eq!(one.sign_ins.save().await.unwrap(), 1);
    assert_eq!(one.sign_ins.save().await.unwrap(), 0, "nothing is new");
    assert_eq!(other.administers().await, (true, None, last));
    let stored = store.last_sign_in(&ann(), START).await.unwrap().unwrap();
    assert!(!String::from_utf8_lossy(&stored.sealed).contains("salary\":9"), "no rule reads this claim");

    one.clock.advance(time::Duration::minutes(1));
    one.sees(json!({"sub": "1", "department": "sales"}));
    assert_eq!(one.sign_ins.save().await.unwrap(), 1);
    let late = Some(Basis::LastSignIn { at: START + time::Duration::minutes(1) });
    other.clock.advance(time::Duration::minutes(1));
    assert_eq!(other.administers().await, (false, None, late), "a denial is certain if all relevant claims are known");

    for replica in [&one, &other] {
        replica.clock.advance(time::Duration::days(7));
        assert_eq!(replica.administers().await.1, Some(NotEvaluated::TokenRequired), "it is too old");
    }
}

#[tokio::test]
async fn a_new_rule_on_a_claim_that_was_not_kept_makes_denials_uncertain() {
    for (kept, certain) in [(KeptClaims::Used(WEEK), false), (KeptClaims::All(WEEK), true)] {
        let replica = Replica::new(TOKENS, kept, &store()).await;
        replica.sees(json!({"sub": "1", "department": "sales", "city": "lyon"}));
        assert_eq!(replica.administers().await.1, None);
        replica.execute(vec![rule("new", "city", "bern")]).await;
        let (decision, reason, _) = replica.administers().await;
        assert_eq!((decision, reason.is_none()), (false, certain), "{kept:?}");
        replica.execute(vec![rule("other", "hat", "red")]).await;
        assert_eq!(replica.administers().await.1.is_none(), certain, "the token has no such claim");
    }
    // Without claims, the rules that matched are known, and nothing else is.
    let replica = Replica::new(TOKENS, KeptClaims::None, &store()).await;
    replica.sees(json!({"sub": "1", "department": "it"}));
    assert!(replica.administers().await.0);
    replica.execute(vec![Command::DeleteMappingRule(rule_id("it")), rule("new", "department", "it")]).await;
    assert_eq!(replica.administers().await.1, Some(NotEvaluated::TokenRequired));
    assert_eq!(replica.sign_ins.save().await.unwrap(), 0);
}

#[tokio::test]
async fn a_condition_on_an_unknown_claim_makes_a_denial_uncertain() {
    let replica = Replica::new(TOKENS, KeptClaims::Used(WEEK), &store()).await;
    let (kind, read) = (ResourceTypeName::parse("INVOICE").unwrap(), PermissionName::parse("read").unwrap());
    let condition = Condition::new(vec![
        Comparison::equal("resource.state", "open").unwrap(),
        Comparison::equal("subject.site", "lyon").unwrap(),
    ]);
    let invoices = CustomType {
        name: kind.clone(),
        permissions: [read.clone()].into(),
        properties: [PropertyName::parse("state").unwrap()].into(),
    };
    let authorization = NewAuthorization {
        owner: Party::User(Username::parse("ann").unwrap()),
        resource_type: kind,
        scope: Scope::Any,
        permissions: [read].into(),
        condition: Some(condition.unwrap()),
    };
    let rules = vec![Command::DeleteMappingRule(rule_id("it"))];
    replica.execute([rules, vec![Command::CreateResourceType(invoices)]].concat()).await;
    replica.execute(vec![Command::CreateAuthorization(authorization)]).await;
    let asked = |state: &str, site: Option<&str>| {
        let mut asked = about("INVOICE", "7", "read");
        asked.resource.properties.insert("state".to_owned(), json!(state));
        asked.subject.properties.extend(site.map(|site| ("site".to_owned(), json!(site))));
        asked
    };
    assert_eq!(replica.evaluate(&asked("open", None)).await, UNDECIDED);
    assert_eq!(replica.evaluate(&asked("paid", None)).await.1, None, "no claim could allow it");
    assert!(replica.evaluate(&asked("open", Some("lyon"))).await.0);
    assert_eq!(replica.evaluate(&asked("open", Some("bern"))).await.1, None);

    replica.sees(json!({"sub": "1", "site": "lyon", "hat": "red"}));
    assert!(replica.evaluate(&asked("open", None)).await.0);
    replica.clock.advance(time::Duration::seconds(1));
    replica.sees(json!({"sub": "1", "site": "bern"}));
    assert!(!replica.evaluate(&asked("open", Some("lyon"))).await.0, "claims take precedence over the request");
}

#[tokio::test]
async fn a_directory_decides_and_its_outage_is_no_denial() {
    let claimed = Sources::Provider { groups_claimed: true };
    let audience = Audience::parse(IDENTITY_AUDIENCE).unwrap();
    let held = Entitled {
        groups: vec![GroupId::parse("ops").unwrap()],
        permissions: [Permission { audience: audience.clone(), definition: PermissionName::parse("write").unwrap() }]
            .into(),
    };
    let directory = |answer: Result<Option<Entitled>, TokenError>| -> Option<Arc<dyn Entitlements>> {
        let mut directory = MockEntitlements::new();
        directory.expect_held().returning(move |_, _| answer.clone());
        Some(Arc::new(directory))
    };
    let ops = Party::Group(GroupId::parse("ops").unwrap());
    let replica = |answer| async {
        let replica = Replica::with(claimed, KeptClaims::Used(WEEK), &store(), directory(answer)).await;
        let of_ops = NewAuthorization {
            owner: ops.clone(),
            resource_type: ResourceTypeName::parse("RESOURCE").unwrap(),
            scope: Scope::Any,
            permissions: [PermissionName::parse("READ").unwrap()].into(),
            condition: None,
        };
        replica.execute(vec![Command::CreateAuthorization(of_ops)]).await;
        replica
    };
    let (api, resource) = (about("api", IDENTITY_AUDIENCE, "write"), about("RESOURCE", "7", "READ"));
    let member = replica(Ok(Some(held))).await;
    for asked in [&api, &resource] {
        assert_eq!(member.evaluate(asked).await, (true, None, Some(Basis::Directory)));
    }
    let denied = (false, None, Some(Basis::Directory));
    assert_eq!(member.evaluate(&about("RESOURCE", "7", "DELETE_FORM")).await, denied);
    let other = replica(Ok(Some(Entitled::default()))).await;
    for asked in [&api, &resource] {
        assert_eq!(other.evaluate(asked).await, denied);
    }
    let down = replica(Err(TokenError::Unavailable { retry_after: Duration::from_secs(5) })).await;
    let error = down.try_evaluate(&api).await.unwrap_err();
    assert!(matches!(error, ServiceError::Unavailable { .. }), "{error}");

    let mut directory = MockEntitlements::new();
    let of_api = move |apis: &ApiSelection| *apis == ApiSelection::One(audience.clone());
    directory.expect_held().withf(move |_, apis| of_api(apis)).returning(|_, _| Ok(None));
    let unknown = Replica::with(claimed, KeptClaims::None, &store(), Some(Arc::new(directory))).await;
    assert!(!unknown.administers().await.0, "the permissions on the API of the question are looked up");
}

#[tokio::test]
async fn an_outage_of_the_session_store_leaves_what_this_replica_knows() {
    let mut broken = MockSessionStore::new();
    broken.expect_last_sign_in().returning(|_, _| Err(StoreError::Unavailable("down".into())));
    let replica = Replica::new(TOKENS, KeptClaims::Used(WEEK), &(Arc::new(broken) as _)).await;
    assert_eq!(replica.administers().await, UNDECIDED);
    replica.sees(json!({"sub": "1", "department": "it"}));
    assert!(replica.administers().await.0);
}

#[tokio::test]
async fn holders_in_the_directory_are_part_of_reviews() {
    let found = |more| DirectoryHolders {
        holders: vec![
            DirectoryHolder { party: ann().into(), through: vec![Party::Role(RoleId::parse("Identity").unwrap())] },
            DirectoryHolder { party: ann().into(), through: Vec::new() },
        ],
        names: [("ann".to_owned(), "Ann".to_owned())].into(),
        more,
    };
    let budget = SearchBudget::default();
    for (answer, lines, gap) in [
        (Ok(found(false)), 2, None),
        (Ok(found(true)), 2, Some(Gap::Directory)),
        (Err(TokenError::Unavailable { retry_after: WEEK }), 0, Some(Gap::Directory)),
    ] {
        let mut directory = MockEntitlements::new();
        directory.expect_holders().returning(move |_, _| answer.clone());
        let claimed = Sources::Provider { groups_claimed: true };
        let replica = Replica::with(claimed, KeptClaims::None, &store(), Some(Arc::new(directory))).await;
        let (caller, access) = (replica.caller(), &replica.access);
        let held = access.administrators_in_directory(10).await;
        let review = access.review_administrators(&caller, 10, held, &budget).unwrap();
        assert_eq!(review.gap, gap);
        let of_ann: Vec<_> = review.lines.iter().filter(|line| line.party == ann().into()).collect();
        assert_eq!(of_ann.len(), lines);
        assert!(of_ann.iter().all(|line| line.requests == Some(0) && line.name.as_deref() == Some("Ann")));

        let api = about("api", IDENTITY_AUDIENCE, "write").resource;
        let held = access.holders_in_directory(&api, "write", 10).await;
        let review = access.review_resource(&caller, &api, "write", 10, held, &budget).unwrap();
        assert_eq!((review.lines.iter().filter(|line| line.party == ann().into()).count(), review.gap), (lines, gap));
        let other = about("RESOURCE", "7", "READ").resource;
        let held = access.holders_in_directory(&other, "READ", 10).await;
        let review = access.review_resource(&caller, &other, "READ", 10, held, &budget).unwrap();
        assert_eq!(review.gap, Some(Gap::UnknownMembers), "the directory knows nothing of resources");
    }
}

/// Directory that lists holders slowly, and counts concurrent lists.
#[derive(Default)]
struct SlowDirectory {
    running: AtomicUsize,
    most: AtomicUsize,
}

#[async_trait::async_trait]
impl Entitlements for SlowDirectory {
    async fn of(&self, _: &Principal, _: &Claims, _: Freshness) -> Result<Entitled, TokenError> {
        Ok(Entitled::default())
    }

    async fn held(&self, _: &Principal, _: &ApiSelection) -> Result<Option<Entitled>, TokenError> {
        Ok(None)
    }

    async fn holders(&self, _: &Permission, _: usize) -> Result<DirectoryHolders, TokenError> {
        let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(running, Ordering::SeqCst);
        tokio::task::yield_now().await;
        self.running.fetch_sub(1, Ordering::SeqCst);
        Ok(DirectoryHolders::default())
    }
}

#[tokio::test]
async fn reviews_do_not_flood_the_directory() {
    let directory = Arc::new(SlowDirectory::default());
    let claimed = Sources::Provider { groups_claimed: true };
    let replica = Replica::with(claimed, KeptClaims::None, &store(), Some(directory.clone())).await;
    let access = &replica.access;
    let ask = || async {
        let held = access.administrators_in_directory(10).await;
        access.review_administrators(&replica.caller(), 10, held, &SearchBudget::default()).unwrap().gap
    };
    let gaps = tokio::join!(ask(), ask(), ask(), ask());
    assert_eq!(gaps, (None, None, Some(Gap::Directory), Some(Gap::Directory)));
    assert_eq!(directory.most.load(Ordering::SeqCst), 2);
    assert_eq!(ask().await, None, "a later review has its turn");
}
