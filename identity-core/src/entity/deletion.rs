//! Pending deletions, in a directory, of groups and clients that may hold access rights in the policy store.

use time::OffsetDateTime;

use super::{Actor, AuditDraft, AuditEntity, AuditOperation, EntityKind, Field, FieldChanges, Party};
use crate::value::{BrokenRule, ClientId, ClientKey, GroupId, InvalidValue};

/// A deletion in a directory whose outcome is not recorded yet. The server completes it after an interruption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// Unique id (UUID) of the deletion. Several deletions may refer to the same entity.
    pub id: String,
    /// Group or client to delete.
    pub of: Deletable,
    /// Caller that requested the deletion, for the audit log.
    pub actor: Actor,
    /// Id of the HTTP request, for the audit log. `None` if there was none.
    pub request_id: Option<String>,
    /// Time at which the deletion was started.
    pub at: OffsetDateTime,
}

/// Entity in a directory whose deletion must also remove its memberships and authorizations in the policy store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deletable {
    /// A group, whose id is also its key in the directory.
    Group(GroupId),
    /// An OAuth client. Another client may reuse its client id later; its key in the directory is never reused.
    Client(ClientId, ClientKey),
}

impl Deletable {
    /// Returns the party that owns the memberships and authorizations of the entity in the policy store.
    #[must_use]
    pub fn party(&self) -> Party {
        match self {
            Self::Group(id) => Party::Group(id.clone()),
            Self::Client(id, _) => Party::Client(id.clone()),
        }
    }

    /// Key in the directory: the group id, or the key of the client.
    #[must_use]
    pub fn key(&self) -> &str {
        match self {
            Self::Group(id) => id.as_str(),
            Self::Client(_, key) => key.as_str(),
        }
    }

    /// Returns the audit log draft of the deletion. For a client, it contains the client id, because the key in the
    /// directory is all that identifies the entity.
    pub(crate) fn audit_draft(&self) -> AuditDraft {
        let changes = match self {
            Self::Group(_) => FieldChanges::default(),
            Self::Client(id, _) => FieldChanges::removed(&vec![("clientId", Field::text(id.as_str()))]),
        };
        AuditDraft { changes, ..AuditDraft::new(AuditOperation::Delete, self.entity()) }
    }

    /// Returns the kind and directory key, as recorded in the audit log.
    #[must_use]
    pub fn entity(&self) -> AuditEntity {
        let kind = match self {
            Self::Group(_) => EntityKind::Group,
            Self::Client(..) => EntityKind::Client,
        };
        AuditEntity { kind, key: self.key().to_owned() }
    }

    /// Restores an entity from its stored kind (`GROUP` or `CLIENT`), id and key. The key of a group is ignored.
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
