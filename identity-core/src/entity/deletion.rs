//! Pending deletions, in a directory, of entities that can be members of tenants and own authorizations.

use time::OffsetDateTime;

use super::{Actor, AuditEntity, EntityKind, Party};
use crate::value::{BrokenRule, ClientId, ClientKey, GroupId, InvalidValue};

/// A deletion that was started and whose outcome is not recorded yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// Id of the deletion. Several deletions may refer to the same entity.
    pub id: String,
    /// Entity to delete.
    pub of: Deletable,
    /// Actor that requested the deletion.
    pub actor: Actor,
    /// Id of the request.
    pub request_id: Option<String>,
    /// Start of the deletion.
    pub at: OffsetDateTime,
}

/// An entity that a directory can delete and that can hold access rights in the policy store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deletable {
    /// A group.
    Group(GroupId),
    /// An application. Its client id may be reused by another application; its key is never reused.
    Client(ClientId, ClientKey),
}

impl Deletable {
    /// Returns the member or owner that represents the entity in the policy store.
    #[must_use]
    pub fn party(&self) -> Party {
        match self {
            Self::Group(id) => Party::Group(id.clone()),
            Self::Client(id, _) => Party::Client(id.clone()),
        }
    }

    /// Key of the entity in the directory.
    #[must_use]
    pub fn key(&self) -> &str {
        match self {
            Self::Group(id) => id.as_str(),
            Self::Client(_, key) => key.as_str(),
        }
    }

    /// Returns the entity as recorded in the audit log.
    #[must_use]
    pub fn entity(&self) -> AuditEntity {
        let kind = match self {
            Self::Group(_) => EntityKind::Group,
            Self::Client(..) => EntityKind::Client,
        };
        AuditEntity { kind, key: self.key().to_owned() }
    }

    /// Parses a stored kind, id and directory key.
    ///
    /// # Errors
    /// If the kind is neither a group nor a client, or the id or key is not valid.
    pub fn parse(kind_name: &str, id: &str, key: &str) -> Result<Self, InvalidValue> {
        match Party::parse(kind_name, id)? {
            Party::Group(id) => Ok(Self::Group(id)),
            Party::Client(id) => Ok(Self::Client(id, ClientKey::parse(key)?)),
            Party::User(_) | Party::Role(_) | Party::MappingRule(_) => {
                Err(InvalidValue { what: "type", rule: BrokenRule::Form("GROUP or CLIENT", String::new()) })
            }
        }
    }
}
