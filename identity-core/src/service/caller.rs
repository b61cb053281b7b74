//! The authenticated caller of a service, and the outcome of its writes.

use std::sync::Arc;

use super::credential::{Authenticated, Credential};
use crate::apply::Refusal;
use crate::cancellation::Cancellation;
use crate::catalog::UnknownAccess;
use crate::decide::{Decision, Question, decide};
use crate::engine::Origin;
use crate::entity::{Actor, AuditEntity, Principal};
use crate::resolve::{ResolveInput, Subject, resolve};
use crate::value::{Email, ExpectedVersions, Revision, Version};
use crate::world::World;

/// An authenticated caller, with the policy data from which its request is answered.
#[derive(Clone)]
pub struct Caller {
    /// Policy data at one revision, from which the whole request is answered.
    pub world: Arc<World>,
    /// The caller as recorded in the audit log.
    pub actor: Actor,
    /// The caller's mapping rules, groups, roles and tenants, resolved in `world`.
    pub subject: Arc<Subject>,
    /// The presented credential, which is checked again before each change.
    pub credential: Arc<dyn Credential>,
    /// Display name from the token or the account, if known.
    pub display_name: Option<String>,
    /// E-mail address from the token or the account, if known.
    pub email: Option<Email>,
    /// ID of the request, for the audit log.
    pub request_id: Option<String>,
    /// Signal that the client no longer waits. A change that is still queued is then not made.
    pub cancellation: Cancellation,
    /// Versions of the entity for which the caller's change is meant. `None` applies it to any version.
    pub expected: Option<ExpectedVersions>,
}

impl Caller {
    /// Returns the origin of this caller's changes.
    #[must_use]
    pub fn origin(&self) -> Origin<'_> {
        Origin {
            actor: &self.actor,
            issuer: self.credential.issuer(),
            request_id: self.request_id.as_deref(),
            cancellation: self.cancellation.clone(),
        }
    }

    /// Decides a question for this caller, in the world from which its request is answered.
    pub fn decide<'q>(&self, question: &Question<'q>) -> Decision<'q> {
        decide(&self.world, &self.subject, question)
    }

    /// Returns whether the caller has a permission on a resource. Conditional grants do not apply; use [`Self::decide`]
    /// with the properties of the resource for them.
    ///
    /// # Errors
    /// If the resource type does not exist or does not have the permission.
    pub fn may(&self, permission: &str, resource_type: &str, resource_id: &str) -> Result<bool, UnknownAccess> {
        let question = Question::resource(self.world.catalog(), resource_type, permission, resource_id)?;
        Ok(self.decide(&question).allowed())
    }

    /// Creates a caller for a principal that the embedding service has authenticated. Its rights come only from stored
    /// data.
    #[must_use]
    pub fn authenticated(world: Arc<World>, principal: Principal, request_id: Option<String>) -> Self {
        Self {
            subject: Arc::new(resolve(&world, ResolveInput::from(&principal))),
            world,
            actor: Actor::Principal(principal.clone()),
            credential: Arc::new(Authenticated(principal)),
            display_name: None,
            email: None,
            request_id,
            cancellation: Cancellation::default(),
            expected: None,
        }
    }

    /// Checks the version of an entity against those for which the caller's change is meant.
    ///
    /// # Errors
    /// [`Refusal::Changed`] if the caller expects other versions.
    pub(crate) fn expects(&self, entity: &AuditEntity, version: Version) -> Result<(), Refusal> {
        match &self.expected {
            Some(expected) if !expected.include(version) => Err(Refusal::Changed(entity.clone())),
            Some(_) | None => Ok(()),
        }
    }
}

/// Result of a successful write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written<T = ()> {
    /// Data that the write returns, such as the created entity.
    pub value: T,
    /// Revision from which readers see the write.
    pub revision: Revision,
}

impl Written {
    /// Adds a value to the result of a write that returned none.
    #[must_use]
    pub fn with<T>(self, value: T) -> Written<T> {
        Written { value, revision: self.revision }
    }
}
