//! Entities that administrators manage: plain data whose fields are validated values.

/// Implements conversion between the variants of an enum and their names in the APIs and the store.
macro_rules! names {
    ($type:ident { $($variant:ident => $name:literal),+ $(,)? }) => {
        impl $type {
            /// Name in the APIs and in the store.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// Parses a name from the APIs or the store, case-sensitively. `None` for an unknown name.
            #[must_use]
            pub fn parse(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

mod audit_event;
mod authorization;
mod condition;
mod custom_type;
mod deletion;
mod directory;
mod field_change;
mod group;
mod mapping_rule;
mod membership;
mod memo;
mod role;
mod session;
mod tenant;
mod token;
mod user;

pub use audit_event::{Actor, AuditDraft, AuditEntity, AuditEvent, AuditOperation, AuditResult, EntityKind};
pub use authorization::{Authorization, Scope};
pub use condition::{Comparison, Condition, Operand, PropertyOf, PropertyPath, Scalar, Test};
pub use custom_type::CustomType;
pub use deletion::{Deletable, Deletion};
pub use directory::{
    Api, ApiPermission, Client, ClientAddresses, ClientChange, ClientKind, DirectoryUser, DirectoryUserChange,
    NewClient, NewDirectoryUser,
};
pub(crate) use field_change::{Field, Fields};
pub use field_change::{FieldChange, FieldChanges};
pub use group::Group;
pub use mapping_rule::{MappingRule, Operator, RuleKind};
pub use membership::{Container, Membership, Party, PartyKind, UnsupportedMember};
pub use memo::Memo;
pub use role::{Permission, Role};
pub use session::{LastSignIn, Session, SessionId, SessionIdHash, WhichSessions};
pub use tenant::Tenant;
pub use token::{RejectedToken, VerifiedToken};
pub use user::User;

use serde::{Deserialize, Serialize};

use crate::value::{BrokenRule, ClientId, InvalidValue, Username};

/// Authenticated caller: the user or the client that a token identifies, never both
/// (docs/reference/orchestration-cluster.md §4.2).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "type", content = "id", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Principal {
    /// A user, identified by username.
    User(Username),
    /// An OAuth client, identified by client id: a service that acts on its own behalf.
    Client(ClientId),
}

impl Principal {
    /// Creates a user.
    ///
    /// # Errors
    /// If the text is not a username.
    pub fn user(username: &str) -> Result<Self, InvalidValue> {
        Username::parse(username).map(Self::User)
    }

    /// Creates an OAuth client.
    ///
    /// # Errors
    /// If the text is not a client id.
    pub fn client(client_id: &str) -> Result<Self, InvalidValue> {
        ClientId::parse(client_id).map(Self::Client)
    }

    /// Username or client id. A user and a client may have the same id.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::User(id) => id.as_str(),
            Self::Client(id) => id.as_str(),
        }
    }

    /// Kind in the APIs and in the store: `USER` or `CLIENT`.
    #[must_use]
    pub fn kind_name(&self) -> &'static str {
        match self {
            Self::User(_) => "USER",
            Self::Client(_) => "CLIENT",
        }
    }

    /// Creates a principal from its kind (`USER` or `CLIENT`) and its id.
    ///
    /// # Errors
    /// If the kind is unknown, or the id is not valid for the kind.
    pub fn parse(kind_name: &str, id: &str) -> Result<Self, InvalidValue> {
        match kind_name {
            "USER" => Username::parse(id).map(Self::User),
            "CLIENT" => ClientId::parse(id).map(Self::Client),
            _ => Err(unknown("principal type", "USER or CLIENT")),
        }
    }
}

fn unknown(what: &'static str, names: &'static str) -> InvalidValue {
    InvalidValue { what, rule: BrokenRule::Form(names, String::new()) }
}
