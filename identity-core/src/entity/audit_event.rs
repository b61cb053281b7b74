//! Audit events: records of successful, failed and denied operations.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{FieldChanges, Principal, unknown};
use crate::value::{InvalidValue, Revision, storable, to_microsecond};

/// One entry of the audit log: an operation, its actor and its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEvent {
    /// Key in the audit log, ascending in write order. 0 until the entry is written.
    pub key: u64,
    /// Time of the operation. Stores keep it in UTC with microsecond precision.
    pub at: OffsetDateTime,
    /// Caller or server that attempted the operation.
    pub actor: Actor,
    /// Issuer (`iss`) that authenticated the actor. `None` for password sign-ins, anonymous callers and the server.
    pub issuer: Option<Arc<str>>,
    /// Kind of the operation that was attempted.
    pub operation: AuditOperation,
    /// Entity that the operation addresses, such as the user to create or the group that receives a member.
    pub entity: AuditEntity,
    /// Second entity of the operation: the member of a membership, the owner of an authorization, the entity whose
    /// deletion removed it, or the principal that requested a deletion which the server completed.
    pub related: Option<AuditEntity>,
    /// Whether the operation succeeded, failed or was denied.
    pub result: AuditResult,
    /// Stable reason code of a failure or denial, or of an interrupted deletion whose outcome was determined later.
    pub reason: Option<String>,
    /// Revision of the policy data that a successful change created. `None` for all other operations.
    pub revision: Option<Revision>,
    /// Id of the HTTP request that caused the operation. `None` if there was none.
    pub request_id: Option<String>,
    /// Fields that a successful change changed. Empty for failures and denials, and for members and assignments, which
    /// `entity` and `related` describe.
    pub changes: FieldChanges,
}

impl AuditEvent {
    /// Returns true for denials and for all operations of anonymous callers: callers without rights can cause such
    /// entries.
    #[must_use]
    pub fn is_denial(&self) -> bool {
        self.result == AuditResult::Denied || self.actor == Actor::Anonymous
    }

    /// Returns the entry in the form in which every store keeps it: the time truncated to microseconds, and U+0000,
    /// which a rejected request may contain, replaced by U+FFFD.
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
            changes: self.changes.clone(),
        }
    }
}

/// Content of an audit entry that does not depend on actor and result: operation, entities and changed fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditDraft {
    /// Kind of the operation to attempt.
    pub operation: AuditOperation,
    /// Entity that the operation addresses, such as the group that receives a member.
    pub entity: AuditEntity,
    /// Second entity of the operation, such as the member to add. `None` if there is none.
    pub related: Option<AuditEntity>,
    /// Fields that the operation changes if it succeeds.
    pub changes: FieldChanges,
}

impl AuditDraft {
    /// Creates a draft without a second entity and without changed fields.
    #[must_use]
    pub fn new(operation: AuditOperation, entity: AuditEntity) -> Self {
        Self { operation, entity, related: None, changes: FieldChanges::default() }
    }

    /// Completes the draft to an audit entry with key 0 and without issuer, reason and revision. Only a success has
    /// changed fields.
    #[must_use]
    pub fn event(
        self,
        at: OffsetDateTime,
        actor: Actor,
        result: AuditResult,
        request_id: Option<String>,
    ) -> AuditEvent {
        AuditEvent {
            key: 0,
            at,
            actor,
            issuer: None,
            operation: self.operation,
            entity: self.entity,
            related: self.related,
            result,
            reason: None,
            revision: None,
            request_id,
            changes: if result == AuditResult::Success { self.changes } else { FieldChanges::default() },
        }
    }
}

/// Originator of an audited operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "id", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Actor {
    /// An authenticated user or client.
    Principal(Principal),
    /// A caller that is not authenticated.
    Anonymous,
    /// This server, for example at start-up or when it applies its configuration.
    System,
}

impl Actor {
    /// Kind in the APIs and in the store: `USER`, `CLIENT`, `ANONYMOUS` or `SYSTEM`.
    #[must_use]
    pub fn kind_name(&self) -> &'static str {
        match self {
            Self::Principal(principal) => principal.kind_name(),
            Self::Anonymous => "ANONYMOUS",
            Self::System => "SYSTEM",
        }
    }

    /// Username or client id of a principal; `None` for anonymous callers and the server.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Principal(principal) => Some(principal.id()),
            Self::Anonymous | Self::System => None,
        }
    }

    /// Creates an actor from its stored kind and id.
    ///
    /// # Errors
    /// If the kind is unknown, `USER` or `CLIENT` has no valid id, or another kind has an id.
    pub fn parse(kind_name: &str, id: Option<&str>) -> Result<Self, InvalidValue> {
        match (kind_name, id) {
            ("ANONYMOUS", None) => Ok(Self::Anonymous),
            ("SYSTEM", None) => Ok(Self::System),
            (_, Some(id)) => Principal::parse(kind_name, id).map(Self::Principal),
            (_, None) => Err(unknown("actor type", "ANONYMOUS or SYSTEM where there is no id")),
        }
    }
}

/// Kind of an audited operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum AuditOperation {
    /// Creation of an entity, such as of a session at sign-in.
    Create,
    /// Change of an existing entity.
    Update,
    /// Removal of an entity, such as of a session at sign-out.
    Delete,
    /// Addition of a member or assignment to an entity.
    Assign,
    /// Removal of a member or assignment from an entity.
    Unassign,
    /// Read access. Recorded only if it is denied.
    Read,
}

/// Reference to an entity by kind and key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntity {
    /// Kind of the entity, which determines the meaning of the key.
    pub kind: EntityKind,
    /// Key of the entity, such as a group id. Empty if the operation addresses all entities of the kind.
    pub key: String,
}

/// Kind of an entity in audit entries and error messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum EntityKind {
    /// A built-in user or a user of a directory.
    User,
    /// An OAuth client, or an API of a directory.
    Client,
    /// A group. The key is the group id.
    Group,
    /// A role. The key is the role id.
    Role,
    /// A tenant. The key is the tenant id.
    Tenant,
    /// A mapping rule. The key is the id of the rule.
    MappingRule,
    /// An authorization: a grant of permissions to an owner.
    Authorization,
    /// A resource that authorizations refer to, or a permission that an API defines.
    Resource,
    /// The audit log or one of its entries.
    AuditLog,
    /// A browser session, or an attempt to sign in.
    Session,
    /// A custom resource type. The key is its name.
    ResourceType,
    /// Authorization decisions about a resource type. The key is its name, or empty for all types.
    Decision,
}

/// Result of an audited operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum AuditResult {
    /// The operation was authorized and completed.
    Success,
    /// The caller was authorized, but the operation was rejected, for example because the entity does not exist.
    Fail,
    /// The caller was not authorized to perform the operation.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_ids_of_actors_are_read_as_written() {
        for columns in [("USER", Some("u")), ("CLIENT", Some("c")), ("ANONYMOUS", None), ("SYSTEM", None)] {
            let actor = Actor::parse(columns.0, columns.1).unwrap();
            assert_eq!((actor.kind_name(), actor.id()), columns);
        }
        assert!(Principal::parse("GROUP", "g").is_err());
        assert!(Actor::parse("SYSTEM", Some("u")).is_err());
        assert!(Actor::parse("USER", None).is_err());
    }
}
