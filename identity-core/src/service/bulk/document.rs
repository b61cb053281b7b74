//! Changes by a document: the commands that establish its policies, in one commit.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use time::OffsetDateTime;

use super::{Bulk, Item};
use crate::apply::{Command, Refusal, apply};
use crate::cancellation::Cancellation;
use crate::decide::{Authority, Permit};
use crate::document::{DocumentFinding, PolicyDocument, Prune};
use crate::engine::{NotPermitted, Refused, Requester, Step};
use crate::entity::{Actor, AuditDraft, AuditEntity, AuditOperation, EntityKind, Field, FieldChanges};
use crate::port::StoreError;
use crate::service::{Caller, ServiceError};
use crate::value::{PasswordHash, Revision, Secret, Username, Version};
use crate::world::World;

/// Key of the audit entry that an application of a document adds to the entries of its changes.
const POLICIES: &str = "policies";

/// What a document would change.
#[derive(Clone, Debug)]
pub struct DocumentPlan {
    /// Revision of the policies that the document was compared with.
    pub revision: Revision,
    /// Commands that establish the policies of the document. Empty if they are established.
    pub commands: Vec<Command>,
    /// What each command changes, with the values before and after.
    pub changes: Vec<AuditDraft>,
    /// Digest of the changes. Equal plans have equal digests.
    pub digest: Version,
}

/// Reason why a document cannot be planned.
#[derive(Debug, thiserror::Error)]
pub enum NotPlanned {
    /// Statements of the document are refused. Contains all of them.
    #[error("the document is refused")]
    Findings(Vec<DocumentFinding>),
    /// The request failed.
    #[error(transparent)]
    Failed(#[from] ServiceError),
}

/// Document to apply.
#[derive(Clone, Debug)]
pub struct DocumentChange {
    /// The policies to establish.
    pub document: PolicyDocument,
    /// Whether everything is removed that the document does not state.
    pub exactly: bool,
    /// Passwords of users that the document creates. Those of existing users are not changed.
    pub passwords: BTreeMap<Username, Secret>,
    /// Digest of the plan that was reviewed. If the plan is another one by now, nothing is changed.
    pub reviewed: Option<Version>,
    /// Origin of the document for the audit log, such as a commit and its author.
    pub source: Option<String>,
}

impl Bulk {
    /// Returns the stored policies as a document. Records a denial.
    ///
    /// # Errors
    /// When the caller lacks the permission `read`.
    pub async fn export(&self, caller: &Caller) -> Result<PolicyDocument, ServiceError> {
        self.management.read(caller, EntityKind::Resource, POLICIES, PolicyDocument::of).await
    }

    /// Checks whether the caller may plan, which shows the stored policies. Records a denial. Call it before the request
    /// body is read.
    ///
    /// # Errors
    /// When the caller lacks the permission `read`.
    pub async fn require_plan(&self, caller: &Caller) -> Result<(), ServiceError> {
        self.management.read(caller, EntityKind::Resource, POLICIES, |_| ()).await
    }

    /// Compares a document with the policies from which the caller is answered. Call [`Bulk::require_plan`] first.
    ///
    /// # Errors
    /// With all statements that the domain model refuses, or that the profile does not offer.
    pub fn plan(&self, caller: &Caller, document: &PolicyDocument, exactly: bool) -> Result<DocumentPlan, NotPlanned> {
        self.plan_in(&caller.world, document, exactly)
    }

    /// Applies a document in one commit, or changes nothing. Returns the plan that was carried out, and the revision from
    /// which readers see it.
    ///
    /// The audit log has one entry for the document and one for each change, all at the same revision.
    ///
    /// # Errors
    /// As [`Bulk::plan`], when the caller lacks the permission for one of the changes, when the plan differs from the
    /// reviewed one, or when the store fails.
    pub async fn apply_document(
        &self,
        caller: &Caller,
        change: &DocumentChange,
    ) -> Result<(DocumentPlan, Revision), NotPlanned> {
        self.require(caller).await?;
        self.management.reach_issuer(caller).await?;
        let before = self.plan_in(&self.engine.world(), &change.document, change.exactly)?;
        let passwords = self.hashed(caller, &before, change).await?;
        let request = DocumentRequest { bulk: self, caller, change, passwords, planned: OnceLock::new() };
        let commands = |world: &World| {
            let (plan, commands) = request.planned(world)?;
            match change.reviewed {
                Some(reviewed) if reviewed != plan.digest => Err(Refusal::Outdated),
                _ => Ok(commands.clone()),
            }
        };
        let source = vec![("source", Field::optional(change.source.as_deref()))];
        let note = AuditDraft { changes: FieldChanges::added(&source), ..attempt() };
        let step = Step::new(&request, attempt(), commands).noting(note);
        let done = self.engine.execute_all(vec![step]).await;
        let done = done.map_err(|Refused { error, .. }| ServiceError::from(error))?;
        let plan = request.planned.into_inner().map_or(before, |(plan, _)| plan);
        Ok((plan, done.revision))
    }

    fn plan_in(&self, world: &World, document: &PolicyDocument, exactly: bool) -> Result<DocumentPlan, NotPlanned> {
        let prune = if exactly { Prune::Everything } else { Prune::Nothing };
        let commands = document.commands(world, prune, &BTreeMap::new());
        let offered = |command: &Command| Item::Command(command.clone()).is_offered(self.hasher.is_some(), self.offers);
        let absent = commands.iter().filter(|command| !offered(command)).map(|command| DocumentFinding {
            pointer: document.place(command).unwrap_or_default(),
            rule: format!("is refused: {}", ServiceError::NotManaged(command.audit_draft().entity)),
        });
        let absent: Vec<DocumentFinding> = absent.collect();
        if !absent.is_empty() {
            return Err(NotPlanned::Findings(absent));
        }
        let Ok(applied) = apply(world, &commands, Authority::Administrator) else {
            return Err(NotPlanned::Findings(document.refusals(world, &commands, Authority::Administrator)));
        };
        Ok(DocumentPlan::new(world, commands, applied.audit))
    }

    /// Hashes the passwords of users that the plan creates. Hashing is expensive, so the permission is checked first.
    async fn hashed(
        &self,
        caller: &Caller,
        plan: &DocumentPlan,
        change: &DocumentChange,
    ) -> Result<BTreeMap<Username, PasswordHash>, ServiceError> {
        let created = plan.commands.iter().filter_map(|command| match command {
            Command::CreateUser(user) => change.passwords.get_key_value(&user.username),
            _ => None,
        });
        let (names, passwords): (Vec<Username>, Vec<Secret>) =
            created.map(|(name, password)| (name.clone(), password.clone())).unzip();
        let (Some(hasher), Some(first)) = (&self.hasher, names.first()) else { return Ok(BTreeMap::new()) };
        let entity = AuditEntity { kind: EntityKind::User, key: first.to_string() };
        self.cluster.require(caller, &AuditDraft::new(AuditOperation::Create, entity)).await?;
        let failed = || StoreError::Unavailable("the passwords could not be hashed".into());
        let hashes = hasher.hash_all(&passwords).await.ok_or_else(|| ServiceError::Store(failed()))?;
        Ok(names.into_iter().zip(hashes).collect())
    }
}

/// Audit log draft of the application of a document.
fn attempt() -> AuditDraft {
    AuditDraft::new(AuditOperation::Update, AuditEntity { kind: EntityKind::Resource, key: POLICIES.to_owned() })
}

impl DocumentPlan {
    fn new(world: &World, commands: Vec<Command>, changes: Vec<AuditDraft>) -> Self {
        // The key of a new authorization depends on the revision, not on what is granted.
        let key = |AuditDraft { operation, entity, .. }: &AuditDraft| {
            let is_minted = (*operation, entity.kind) == (AuditOperation::Create, EntityKind::Authorization);
            if is_minted { String::new() } else { entity.key.clone() }
        };
        let digested = changes
            .iter()
            .map(|draft| (draft.operation, draft.entity.kind, key(draft), &draft.related, &draft.changes));
        let digest = Version::of(&digested.collect::<Vec<_>>());
        Self { revision: world.revision(), commands, changes, digest }
    }
}

/// Requester of all changes of a document. The plan is made once, in the world to which it is applied.
struct DocumentRequest<'r> {
    bulk: &'r Bulk,
    caller: &'r Caller,
    change: &'r DocumentChange,
    passwords: BTreeMap<Username, PasswordHash>,
    planned: OnceLock<(DocumentPlan, Vec<Command>)>,
}

impl DocumentRequest<'_> {
    /// Returns the plan in `world`, and its commands with the passwords of new users.
    fn planned(&self, world: &World) -> Result<&(DocumentPlan, Vec<Command>), Refusal> {
        if let Some(planned) = self.planned.get() {
            return Ok(planned);
        }
        let DocumentChange { document, exactly, .. } = self.change;
        let plan = self.bulk.plan_in(world, document, *exactly).map_err(|_| Refusal::Outdated)?;
        let prune = if *exactly { Prune::Everything } else { Prune::Nothing };
        let commands = document.commands(world, prune, &self.passwords);
        Ok(self.planned.get_or_init(|| (plan, commands)))
    }
}

#[async_trait]
impl Requester for DocumentRequest<'_> {
    fn actor(&self) -> &Actor {
        &self.caller.actor
    }

    fn issuer(&self) -> Option<Arc<str>> {
        self.caller.credential.issuer()
    }

    fn request_id(&self) -> Option<&str> {
        self.caller.request_id.as_deref()
    }

    fn cancellation(&self) -> Cancellation {
        self.caller.cancellation.clone()
    }

    async fn permit(&self, world: &World, now: OffsetDateTime) -> Result<Permit, NotPermitted> {
        let subject = self.caller.credential.check(now).await?.resolve(world)?;
        let permit = self.bulk.management.permit_in(world, self.caller, &subject, &attempt())?;
        let (_, commands) = self.planned(world)?;
        for command in commands {
            let item = Item::Command(command.clone());
            if item.protection().is_of_cluster(world) {
                self.bulk.cluster.permit_in(world, self.caller, &subject, &command.audit_draft())?;
            }
        }
        Ok(permit)
    }
}
