//! Bulk changes: many changes in one commit. Either all of them take effect or none.
//!
//! Each change requires the permission `write`. If only the Orchestration Cluster API offers the change as a single
//! request, the authorization of that API is required as well. Changes are applied in order, so a change can depend on
//! earlier ones.

mod document;
mod item;

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::apply::Refusal;
use crate::decide::Permit;
use crate::engine::{Engine, NotPermitted, Origin, Refused, Requester, Step};
use crate::entity::{AuditDraft, AuditEntity, AuditOperation, EntityKind};
use crate::port::{InstallationStore, PasswordHasher, StoreError};
use crate::service::cluster::NewUser;
use crate::service::{Authorizer, Caller, CheckedCredential, ServiceError};
use crate::value::{PasswordHash, Revision, Secret};
use crate::world::World;

pub use document::{DocumentChange, DocumentPlan, Extent, NotPlanned, Removal, documents_about};
pub use item::{Item, NewPassword};

/// Maximum number of changes in one commit. A commit of this size delays other writers by some tens of milliseconds.
pub const MAX_ITEMS: usize = 1000;

/// Handling of changes that create an entity which already exists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IfExists {
    /// Refuses the whole bulk request. The default.
    #[default]
    Fail,
    /// Skips the change and keeps the existing entity. An authorization exists if one with the same owner, resource and
    /// condition includes all of its permissions.
    Skip,
}

/// Result of a successful bulk request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BulkDone {
    /// Revision from which readers see all changes.
    pub revision: Revision,
    /// Number of changes that were skipped because their entity already exists.
    pub skipped: usize,
}

/// Reason why a bulk request changed nothing.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct BulkError {
    /// Index of the denied or refused change, from 0. `None` if no single change caused the failure.
    pub index: Option<usize>,
    /// Failure of that change, or of the whole request.
    pub error: ServiceError,
}

impl BulkError {
    fn at(index: usize, error: ServiceError) -> Self {
        Self { index: Some(index), error }
    }
}

impl<E: Into<ServiceError>> From<E> for BulkError {
    fn from(error: E) -> Self {
        Self { index: None, error: error.into() }
    }
}

/// Applies bulk requests, which change many stored entities in one commit.
pub struct Bulk {
    engine: Arc<Engine>,
    management: Authorizer,
    cluster: Authorizer,
    hasher: Option<Arc<dyn PasswordHasher>>,
    offers: Offers,
    documents: Option<Arc<dyn InstallationStore>>,
}

/// Kinds of changes that the profile offers, beyond those that every profile offers.
#[derive(Clone, Copy, Debug)]
pub struct Offers {
    /// Whether tenants and their members can be changed.
    pub tenants: bool,
    /// Whether authorizations can be created on resource types that do not belong to the Orchestration Cluster.
    pub resource_authorizations: bool,
}

impl Bulk {
    /// Creates the service with the authorizers of the management API and of the Orchestration Cluster API. Without a
    /// hasher, changes to users are rejected.
    ///
    /// Both authorizers must use the same engine.
    #[must_use]
    pub fn new(
        management: Authorizer,
        cluster: Authorizer,
        hasher: Option<Arc<dyn PasswordHasher>>,
        offers: Offers,
    ) -> Self {
        Self { engine: management.shared_engine(), management, cluster, hasher, offers, documents: None }
    }

    /// Stores applied documents, so that later ones can remove what they no longer state.
    #[must_use]
    pub fn keeping_documents_in(self, store: Arc<dyn InstallationStore>) -> Self {
        Self { documents: Some(store), ..self }
    }

    /// Checks whether the caller may make changes at all. Records a denial. Call it before the request body is read, so
    /// that a denial costs little.
    ///
    /// # Errors
    /// [`ServiceError::Denied`] when the caller lacks the permission `write`.
    pub async fn require(&self, caller: &Caller) -> Result<(), ServiceError> {
        let entity = AuditEntity { kind: EntityKind::Resource, key: String::new() };
        let attempt = AuditDraft::new(AuditOperation::Update, entity);
        self.management.require(caller, &attempt).await
    }

    /// Converts a password hash from another system. Returns `None` if its format is not supported; see
    /// [`PasswordHasher::import`].
    #[must_use]
    pub fn import(&self, stored: &str) -> Option<PasswordHash> {
        self.hasher.as_ref()?.import(stored)
    }

    /// Makes all changes in one commit, or none. Before that, plain passwords are hashed in parallel, with lower
    /// priority than sign-ins.
    ///
    /// # Errors
    /// When there are more than [`MAX_ITEMS`] changes, the profile does not offer one of them, the caller lacks the
    /// permission for one, the domain model refuses one, or the store fails.
    pub async fn apply(&self, caller: &Caller, items: Vec<Item>, if_exists: IfExists) -> Result<BulkDone, BulkError> {
        if items.len() > MAX_ITEMS {
            return Err(ServiceError::Refused(Refusal::Full).into());
        }
        let is_offered = |item: &Item| item.is_offered(self.hasher.is_some(), self.offers);
        if let Some((index, item)) = items.iter().enumerate().find(|(_, item)| !is_offered(item)) {
            return Err(BulkError::at(index, ServiceError::NotManaged(item.attempt().entity)));
        }
        self.management.reach_issuer(caller).await?;
        let hashes = self.hashes(caller, &items, if_exists).await?;
        let checked = OnceLock::new();
        let request = |item| ItemRequest { bulk: self, caller, checked: &checked, item, attempt: Item::attempt(item) };
        let requests: Vec<ItemRequest<'_, '_>> = items.iter().map(request).collect();
        let steps = requests.iter().zip(hashes).map(|(request, hash)| {
            let item = request.item.clone();
            let plan = |world: &World| item.commands(world, hash, self.offers);
            let step = Step::new(request, request.attempt.clone(), plan);
            if if_exists == IfExists::Skip { step.skipping_existing() } else { step }
        });
        let done = self.engine.execute_all(steps.collect()).await;
        let done = done.map_err(|Refused { step, error }| BulkError { index: step, error: error.into() })?;
        Ok(BulkDone { revision: done.revision, skipped: done.skipped })
    }

    /// Hashes plain passwords, if the caller may create users. Users that will be skipped because they exist get no
    /// hash.
    async fn hashes(
        &self,
        caller: &Caller,
        items: &[Item],
        if_exists: IfExists,
    ) -> Result<Vec<Option<PasswordHash>>, BulkError> {
        let world = self.engine.world();
        let is_skipped = |user: &NewUser| if_exists == IfExists::Skip && world.user(user.username.as_str()).is_some();
        let plain = |item: &Item| match item {
            Item::CreateUser(user, NewPassword::Plain(password)) if !is_skipped(user) => Some(password.clone()),
            _ => None,
        };
        let plain: Vec<Option<Secret>> = items.iter().map(plain).collect();
        let mut hashes = vec![None; items.len()];
        let (Some(hasher), Some(first)) = (&self.hasher, plain.iter().position(Option::is_some)) else {
            return Ok(hashes);
        };
        if let Some(item) = items.get(first) {
            // Hashing is expensive, so the permission is checked first.
            let required = self.cluster.require(caller, &item.attempt()).await;
            required.map_err(|error| BulkError::at(first, error))?;
        }
        let (places, passwords): (Vec<usize>, Vec<Secret>) =
            plain.into_iter().enumerate().filter_map(|(place, password)| Some((place, password?))).unzip();
        let overloaded = || StoreError::Unavailable("the passwords could not be hashed".into());
        let made = hasher.hash_all(&passwords).await.ok_or_else(|| ServiceError::Store(overloaded()))?;
        for (place, hash) in places.into_iter().zip(made) {
            if let Some(slot) = hashes.get_mut(place) {
                *slot = Some(hash);
            }
        }
        Ok(hashes)
    }
}

/// Requester of one change of a bulk request. It checks the credential only once for all changes.
struct ItemRequest<'c, 'r> {
    bulk: &'r Bulk,
    caller: &'c Caller,
    /// Result of checking the caller's credential, made for the first change and shared by all.
    checked: &'r OnceLock<Box<dyn CheckedCredential + 'c>>,
    item: &'r Item,
    attempt: AuditDraft,
}

impl<'c> ItemRequest<'c, '_> {
    async fn credential(&self, now: OffsetDateTime) -> Result<&(dyn CheckedCredential + 'c), NotPermitted> {
        if let Some(checked) = self.checked.get() {
            return Ok(checked.as_ref());
        }
        let checked = self.caller.credential.check(now).await?;
        Ok(self.checked.get_or_init(|| checked).as_ref())
    }
}

#[async_trait]
impl Requester for ItemRequest<'_, '_> {
    fn origin(&self) -> Origin<'_> {
        self.caller.origin()
    }

    async fn permit(&self, world: &World, now: OffsetDateTime) -> Result<Permit, NotPermitted> {
        let subject = self.credential(now).await?.resolve(world)?;
        let permit = self.bulk.management.permit_in(world, self.caller, &subject, &self.attempt)?;
        if self.item.protection().is_of_cluster(world) {
            self.bulk.cluster.permit_in(world, self.caller, &subject, &self.attempt)?;
        }
        Ok(permit)
    }
}
