//! Entities: what administrators manage, as plain data made of checked values.

/// Gives an enumeration its names.
macro_rules! names {
    ($type:ident { $($variant:ident => $name:literal),+ $(,)? }) => {
        impl $type {
            /// The name on the wire and in the store.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// The variant of this name.
            #[must_use]
            pub fn parse(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

mod audit_event;
mod authorization;
mod columns;
mod condition;
mod custom_type;
mod deletion;
mod directory;
mod group;
mod mapping_rule;
mod membership;
mod role;
mod session;
mod tenant;
mod user;

pub use audit_event::{Actor, AuditEntity, AuditEvent, AuditOperation, AuditResult, EntityKind};
pub use authorization::{Authorization, Scope};
pub use columns::{SEPARATOR, parse_time, storable, time_text, to_microsecond};
pub use condition::{Comparison, Condition, Operand, PropertyOf, PropertyPath, Test};
pub use custom_type::CustomType;
pub use deletion::{Deletable, Deletion};
pub use directory::{
    Api, ApiPermission, Client, ClientAddresses, ClientChange, ClientKind, NewClient, NewPerson, Person, PersonChange,
};
pub use group::Group;
pub use mapping_rule::{MappingRule, Operator, RuleKind};
pub use membership::{Container, Membership, Party, PartyKind, UnsupportedMember};
pub use role::{Permission, Role};
pub use session::{Session, SessionId, SessionIdHash, WhichSessions};
pub use tenant::Tenant;
pub use user::User;

use serde::{Deserialize, Serialize};

use columns::json_column;

use crate::value::{ClientId, Username};

/// Who a token speaks for: a person or a service, never both (orchestration reference §4.2).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "type", content = "id", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Principal {
    /// A person.
    User(Username),
    /// A service.
    Client(ClientId),
}

impl Principal {
    /// The username or client id.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::User(id) => id.as_str(),
            Self::Client(id) => id.as_str(),
        }
    }
}
