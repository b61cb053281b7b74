//! What was done, and what was refused.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Principal, storable, to_microsecond};
use crate::value::Revision;

/// One entry of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEvent {
    /// The entry's key: ascending in the order of writing. 0 until it is written.
    pub key: u64,
    /// When.
    pub at: OffsetDateTime,
    /// By whom.
    pub actor: Actor,
    /// The issuer that authenticated the actor; none for passwords, anonymous callers and the server.
    pub issuer: Option<Arc<str>>,
    /// What was attempted.
    pub operation: AuditOperation,
    /// On what.
    pub entity: AuditEntity,
    /// The other party: the member of a membership, the owner of an authorization, who had asked for what the server finished.
    pub related: Option<AuditEntity>,
    /// How it ended.
    pub result: AuditResult,
    /// The reason code of a failure or denial; for a deletion that was interrupted, that it was found out afterwards.
    pub reason: Option<String>,
    /// The revision that the change made, for a success.
    pub revision: Option<Revision>,
    /// The request that asked for it.
    pub request_id: Option<String>,
}

impl AuditEvent {
    /// The entry as all stores keep it: the time to the microsecond, and U+FFFD for U+0000, which whoever is refused may have
    /// sent.
    #[must_use]
    pub fn as_stored(&self) -> Self {
        let text = |text: &String| storable(text).into_owned();
        let entity = |entity: &AuditEntity| AuditEntity { kind: entity.kind, key: text(&entity.key) };
        Self {
            key: self.key,
            at: to_microsecond(self.at),
            actor: self.actor.clone(),
            issuer: self.issuer.clone(),
            operation: self.operation,
            entity: entity(&self.entity),
            related: self.related.as_ref().map(entity),
            result: self.result,
            reason: self.reason.as_ref().map(text),
            revision: self.revision,
            request_id: self.request_id.as_ref().map(text),
        }
    }
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "id", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Actor {
    /// Somebody who authenticated.
    Principal(Principal),
    /// Somebody who did not.
    Anonymous,
    /// The server itself: start-up, configuration.
    System,
}

/// What was attempted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AuditOperation {
    /// A new entity.
    Create,
    /// A changed one.
    Update,
    /// A removed one.
    Delete,
    /// A new member.
    Assign,
    /// A removed one.
    Unassign,
    /// A look at something that was refused.
    Read,
}

/// The thing that an entry is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntity {
    /// Its kind.
    pub kind: EntityKind,
    /// Its key; empty when the whole kind is meant.
    pub key: String,
}

/// The kinds of things that entries are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EntityKind {
    /// A built-in user.
    User,
    /// A client.
    Client,
    /// A group.
    Group,
    /// A role.
    Role,
    /// A tenant.
    Tenant,
    /// A mapping rule.
    MappingRule,
    /// An authorization.
    Authorization,
    /// A resource that authorizations are about.
    Resource,
    /// The audit log, or an entry of it.
    AuditLog,
    /// A browser session, or the attempt to get one.
    Session,
    /// An operator's resource type.
    ResourceType,
    /// Decisions about a resource type, or about all.
    Decision,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AuditResult {
    /// Done.
    Success,
    /// Permitted, but refused by the rules of the model.
    Fail,
    /// Not permitted.
    Denied,
}

names!(AuditOperation {
    Create => "CREATE", Update => "UPDATE", Delete => "DELETE",
    Assign => "ASSIGN", Unassign => "UNASSIGN", Read => "READ",
});
names!(EntityKind {
    User => "USER", Client => "CLIENT", Group => "GROUP", Role => "ROLE", Tenant => "TENANT",
    MappingRule => "MAPPING_RULE", Authorization => "AUTHORIZATION", Resource => "RESOURCE",
    AuditLog => "AUDIT_LOG", Session => "SESSION", ResourceType => "RESOURCE_TYPE", Decision => "DECISION",
});
names!(AuditResult { Success => "SUCCESS", Fail => "FAIL", Denied => "DENIED" });

impl From<&super::Party> for AuditEntity {
    fn from(party: &super::Party) -> Self {
        let kind = match party {
            super::Party::User(_) => EntityKind::User,
            super::Party::Client(_) => EntityKind::Client,
            super::Party::Group(_) => EntityKind::Group,
            super::Party::Role(_) => EntityKind::Role,
            super::Party::MappingRule(_) => EntityKind::MappingRule,
        };
        Self { kind, key: party.id().to_owned() }
    }
}

impl From<&super::Container> for AuditEntity {
    fn from(container: &super::Container) -> Self {
        let kind = match container {
            super::Container::Group(_) => EntityKind::Group,
            super::Container::Role(_) => EntityKind::Role,
            super::Container::Tenant(_) => EntityKind::Tenant,
        };
        Self { kind, key: container.id().to_owned() }
    }
}
