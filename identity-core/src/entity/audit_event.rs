//! Audit events: completed operations, failures and denials.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Principal, unknown};
use crate::value::{InvalidValue, Revision, storable, to_microsecond};

/// One entry of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEvent {
    /// Key of the entry, ascending in write order. 0 until the entry is written.
    pub key: u64,
    /// Time of the operation.
    pub at: OffsetDateTime,
    /// Actor that attempted the operation.
    pub actor: Actor,
    /// Issuer that authenticated the actor. `None` for password sign-ins, anonymous callers and the server.
    pub issuer: Option<Arc<str>>,
    /// Attempted operation.
    pub operation: AuditOperation,
    /// Entity that the operation addresses.
    pub entity: AuditEntity,
    /// Second entity of the operation: the member of a membership, the owner of an authorization, the entity whose
    /// deletion removed it, or the principal that requested a deletion which the server completed.
    pub related: Option<AuditEntity>,
    /// Result of the operation.
    pub result: AuditResult,
    /// Reason code of a failure or denial. For an interrupted deletion whose outcome the server determined later, a
    /// code that says so.
    pub reason: Option<String>,
    /// Revision that a successful change created.
    pub revision: Option<Revision>,
    /// Id of the request that caused the operation.
    pub request_id: Option<String>,
}

impl AuditEvent {
    /// Returns true if unauthorized clients can cause such entries: for denials, and for all operations of anonymous
    /// callers.
    #[must_use]
    pub fn is_denial(&self) -> bool {
        self.result == AuditResult::Denied || self.actor == Actor::Anonymous
    }

    /// Returns the entry in the form in which every store keeps it. The time is truncated to microseconds. U+0000,
    /// which a rejected request may contain, becomes U+FFFD.
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

/// Description of a command for the audit log, before its actor and result are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditDraft {
    /// Attempted operation.
    pub operation: AuditOperation,
    /// Entity that the operation addresses.
    pub entity: AuditEntity,
    /// Second entity of the operation.
    pub related: Option<AuditEntity>,
}

impl AuditDraft {
    /// Completes the draft to an audit entry, without issuer, reason and revision.
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
        }
    }
}

/// Originator of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "id", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Actor {
    /// An authenticated principal.
    Principal(Principal),
    /// An unauthenticated caller.
    Anonymous,
    /// The server itself, for example during start-up or when it applies its configuration.
    System,
}

impl Actor {
    /// Name of the kind on the wire and in the store.
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

    /// Parses a kind and id.
    ///
    /// # Errors
    /// If the kind is unknown, the id is not valid for the kind, or the kind requires an id or allows no id.
    pub fn parse(kind_name: &str, id: Option<&str>) -> Result<Self, InvalidValue> {
        match (kind_name, id) {
            ("ANONYMOUS", None) => Ok(Self::Anonymous),
            ("SYSTEM", None) => Ok(Self::System),
            (_, Some(id)) => Principal::parse(kind_name, id).map(Self::Principal),
            (_, None) => Err(unknown("actor type", "ANONYMOUS or SYSTEM where there is no id")),
        }
    }
}

/// Kind of an attempted operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AuditOperation {
    /// Creation of an entity.
    Create,
    /// Change of an entity.
    Update,
    /// Removal of an entity.
    Delete,
    /// Addition of a member.
    Assign,
    /// Removal of a member.
    Unassign,
    /// Read access, which is recorded only if it is denied.
    Read,
}

/// Entity that an audit entry refers to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntity {
    /// Kind of the entity.
    pub kind: EntityKind,
    /// Key of the entity. Empty if the operation addresses all entities of the kind.
    pub key: String,
}

/// Kinds of entities that audit entries refer to.
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
    /// A resource that authorizations refer to.
    Resource,
    /// The audit log or one of its entries.
    AuditLog,
    /// A browser session, or an attempt to sign in.
    Session,
    /// A custom resource type.
    ResourceType,
    /// Authorization decisions on one resource type, or on all of them.
    Decision,
}

/// Result of an attempted operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AuditResult {
    /// The operation succeeded.
    Success,
    /// The caller was authorized, but the domain rules rejected the operation.
    Fail,
    /// The caller was not authorized.
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
