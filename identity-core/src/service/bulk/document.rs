//! Changes by a document: the commands that establish its policies, in one commit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use async_trait::async_trait;
use time::OffsetDateTime;

use super::{Bulk, Item};
use crate::apply::{Command, Refusal, apply};
use crate::decide::{Authority, Permit};
use crate::document::{DocumentError, DocumentFinding, PolicyDocument, Prune};
use crate::engine::{NotPermitted, Origin, Refused, Requester, Step};
use crate::entity::{AuditDraft, AuditEntity, AuditOperation, EntityKind, Field, FieldChanges};
use crate::port::{AppliedDocument, StoreError};
use crate::service::{Caller, ServiceError};
use crate::value::{DocumentName, PasswordHash, Revision, Secret, Username, Version};
use crate::world::World;

/// Key of the audit entry that an application of a document adds to the entries of its changes.
const POLICIES: &str = "policies";
/// Maximum number of names under which documents are applied. All of them are read for each plan.
const MAX_DOCUMENTS: usize = 100;
/// Maximum length of the origin of a document in characters. Longer ones are cut off.
const MAX_SOURCE: usize = 256;

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

impl From<StoreError> for NotPlanned {
    fn from(error: StoreError) -> Self {
        Self::Failed(ServiceError::Store(error))
    }
}

/// What an application of a document removes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Removal {
    /// Nothing.
    #[default]
    Nothing,
    /// What the last applied document of the same name stated and this one does not, unless a document of another name
    /// states it.
    Managed,
    /// Everything that the document does not state.
    Everything,
}

/// What a document removes, according to the documents that were applied before.
#[derive(Clone, Debug, Default)]
pub struct Extent {
    removal: Removal,
    earlier: PolicyDocument,
    others: BTreeMap<DocumentName, PolicyDocument>,
}

impl Extent {
    /// Determines what a document of this name removes. `applied` are the last applied documents of all names.
    ///
    /// # Errors
    /// When this version cannot read one of them.
    pub fn new(name: &DocumentName, removal: Removal, applied: &[AppliedDocument]) -> Result<Self, ServiceError> {
        let mut extent = Self { removal, ..Self::default() };
        for stored in applied {
            let document = read(stored)?;
            if stored.name == *name {
                extent.earlier = document;
            } else {
                extent.others.insert(stored.name.clone(), document);
            }
        }
        Ok(extent)
    }

    fn prune(&self) -> Prune<'_> {
        match self.removal {
            Removal::Nothing => Prune::Nothing,
            Removal::Managed => Prune::Managed { earlier: &self.earlier, others: &self.others },
            Removal::Everything => Prune::Everything,
        }
    }
}

/// Document to apply.
#[derive(Clone, Debug)]
pub struct DocumentChange {
    /// The policies to establish.
    pub document: PolicyDocument,
    /// Name under which the document is applied. It replaces the last applied document of this name.
    pub name: DocumentName,
    /// What is removed.
    pub removal: Removal,
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

    /// Returns the last applied document of each name. Records a denial.
    ///
    /// # Errors
    /// When the caller lacks the permission `read`, or the store fails.
    pub async fn applied_documents(&self, caller: &Caller) -> Result<Vec<AppliedDocument>, ServiceError> {
        self.require_plan(caller).await?;
        self.stored_documents().await
    }

    async fn stored_documents(&self) -> Result<Vec<AppliedDocument>, ServiceError> {
        match &self.documents {
            Some(store) => store.documents().await.map_err(ServiceError::Store),
            None => Ok(Vec::new()),
        }
    }

    /// Compares a document with the policies from which the caller is answered. `with_password` are the users that will
    /// have a password, if the document creates them. Call [`Bulk::require_plan`] first.
    ///
    /// # Errors
    /// With all statements that the domain model refuses, or that the profile does not offer.
    pub fn plan(
        &self,
        caller: &Caller,
        document: &PolicyDocument,
        extent: &Extent,
        with_password: BTreeSet<Username>,
    ) -> Result<DocumentPlan, NotPlanned> {
        // Whether a user can sign in depends on the existence of a password only.
        let password = |username| (username, PasswordHash::new(String::new()));
        self.plan_in(&caller.world, document, extent, &with_password.into_iter().map(password).collect())
    }

    /// Applies a document in one commit, or changes nothing. Returns the plan that was carried out, and the revision from
    /// which readers see it. Then the document is stored under its name or, if it states nothing, that of its name is
    /// removed. If storing it fails, its changes have taken effect: applying it again stores it.
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
        let extent = Extent::new(&change.name, change.removal, &self.stored_documents().await?)?;
        let before = self.plan_in(&self.engine.world(), &change.document, &extent, &BTreeMap::new())?;
        let passwords = self.hashed(caller, &before, change).await?;
        let request = DocumentRequest { bulk: self, caller, change, extent, passwords, planned: OnceLock::new() };
        let commands = |world: &World| {
            let plan = request.planned(world)?;
            match change.reviewed {
                Some(reviewed) if reviewed != plan.digest => Err(Refusal::Outdated),
                _ => Ok(plan.commands.clone()),
            }
        };
        let origin =
            vec![("name", Field::text(change.name.as_str())), ("source", Field::optional(change.source.as_deref()))];
        let note = AuditDraft { changes: FieldChanges::added(&origin), ..attempt() };
        let step = Step::new(&request, attempt(), commands).noting(note);
        let done = self.engine.execute_all(vec![step]).await;
        let done = done.map_err(|Refused { error, .. }| ServiceError::from(error))?;
        let plan = request.planned.into_inner().unwrap_or(before);
        self.store(change, done.revision).await?;
        Ok((plan, done.revision))
    }

    async fn store(&self, change: &DocumentChange, revision: Revision) -> Result<(), StoreError> {
        let Some(store) = &self.documents else { return Ok(()) };
        let document = serde_json::to_string(&change.document).map_err(|error| StoreError::Unreadable {
            what: format!("document `{}`", change.name),
            detail: error.to_string(),
        })?;
        let name = change.name.clone();
        if change.document == PolicyDocument::default() {
            return store.remove_document(&name).await;
        }
        let source = change.source.as_ref().map(|source| source.chars().take(MAX_SOURCE).collect());
        store.put_document(&AppliedDocument { name, revision, at: self.engine.clock().now(), source, document }).await
    }

    fn plan_in(
        &self,
        world: &World,
        document: &PolicyDocument,
        extent: &Extent,
        passwords: &BTreeMap<Username, PasswordHash>,
    ) -> Result<DocumentPlan, NotPlanned> {
        if extent.others.len() >= MAX_DOCUMENTS {
            let rule = format!("must have the name of an applied document, of which there are {}", extent.others.len());
            return Err(NotPlanned::Findings(vec![DocumentFinding { pointer: String::new(), rule }]));
        }
        if extent.removal != Removal::Everything {
            let conflicts = document.conflicts(&extent.others);
            if !conflicts.is_empty() {
                return Err(NotPlanned::Findings(conflicts));
            }
        }
        let commands = document.commands(world, extent.prune(), passwords);
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

/// Returns the documents that [state](PolicyDocument::states) something about an entity.
///
/// # Errors
/// When this version cannot read one of the documents.
pub fn documents_about(
    entity: &AuditEntity,
    documents: Vec<AppliedDocument>,
) -> Result<Vec<AppliedDocument>, ServiceError> {
    let mut about = Vec::new();
    for stored in documents {
        let is_about = read(&stored)?.states(entity);
        about.extend(is_about.then_some(stored));
    }
    Ok(about)
}

/// Reads a stored document.
fn read(AppliedDocument { name, document, .. }: &AppliedDocument) -> Result<PolicyDocument, ServiceError> {
    let unreadable = |error: DocumentError| StoreError::Unreadable {
        what: format!("applied document `{name}`"),
        detail: error.to_string(),
    };
    PolicyDocument::from_json(document).map_err(|error| ServiceError::Store(unreadable(error)))
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
    extent: Extent,
    passwords: BTreeMap<Username, PasswordHash>,
    planned: OnceLock<DocumentPlan>,
}

impl DocumentRequest<'_> {
    fn planned(&self, world: &World) -> Result<&DocumentPlan, Refusal> {
        if let Some(planned) = self.planned.get() {
            return Ok(planned);
        }
        let plan = self.bulk.plan_in(world, &self.change.document, &self.extent, &self.passwords);
        let plan = plan.map_err(|_| Refusal::Outdated)?;
        Ok(self.planned.get_or_init(|| plan))
    }
}

#[async_trait]
impl Requester for DocumentRequest<'_> {
    fn origin(&self) -> Origin<'_> {
        self.caller.origin()
    }

    async fn permit(&self, world: &World, now: OffsetDateTime) -> Result<Permit, NotPermitted> {
        let subject = self.caller.credential.check(now).await?.resolve(world)?;
        let permit = self.bulk.management.permit_in(world, self.caller, &subject, &attempt())?;
        for command in &self.planned(world)?.commands {
            let item = Item::Command(command.clone());
            if item.protection().is_of_cluster(world) {
                self.bulk.cluster.permit_in(world, self.caller, &subject, &command.audit_draft())?;
            }
        }
        Ok(permit)
    }
}
