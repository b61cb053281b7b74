//! Deletions in a directory of what may be a member of tenants and own authorizations here.

use time::OffsetDateTime;

use super::{Actor, AuditEntity, EntityKind, Party};
use crate::value::{BrokenRule, ClientId, ClientKey, GroupId, InvalidValue};

/// A deletion that somebody began and of which nobody knows yet what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// Its own id: several may be about the same thing.
    pub id: String,
    /// What is deleted.
    pub of: Deletable,
    /// Who asked for it.
    pub actor: Actor,
    /// The request that asked for it.
    pub request_id: Option<String>,
    /// When it began.
    pub at: OffsetDateTime,
}

/// What a directory can delete and access here can be given to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deletable {
    /// A group.
    Group(GroupId),
    /// An application. Its client id may come back as another application's, its key does not.
    Client(ClientId, ClientKey),
}

impl Deletable {
    /// Who it is here.
    #[must_use]
    pub fn party(&self) -> Party {
        match self {
            Self::Group(id) => Party::Group(id.clone()),
            Self::Client(id, _) => Party::Client(id.clone()),
        }
    }

    /// What the directory calls it.
    #[must_use]
    pub fn key(&self) -> &str {
        match self {
            Self::Group(id) => id.as_str(),
            Self::Client(_, key) => key.as_str(),
        }
    }

    /// What the audit log calls it.
    #[must_use]
    pub fn entity(&self) -> AuditEntity {
        let kind = match self {
            Self::Group(_) => EntityKind::Group,
            Self::Client(..) => EntityKind::Client,
        };
        AuditEntity { kind, key: self.key().to_owned() }
    }

    /// What has this party and this key.
    ///
    /// # Errors
    /// When no directory deletes such, or the texts are no ids.
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
