//! Policies as a document: custom resource types, users, mapping rules, groups, roles and tenants with their members, and
//! authorizations.
//!
//! A document has the words of the configuration section `initialization`. It is read from JSON or any other format of
//! serde, compared with a [`World`], applied to it by commands, and written back. Writing a world and reading the result
//! gives the same document.
//!
//! ```
//! use identity_core::decide::{Question, decide};
//! use identity_core::document::PolicyDocument;
//! use identity_core::entity::Principal;
//! use identity_core::resolve::{ResolveInput, resolve};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let document = r#"{
//!     "roles": [{"role-id": "clerk", "name": "Clerk", "users": ["ann"]}],
//!     "authorizations": [{
//!         "owner-type": "ROLE", "owner-id": "clerk",
//!         "resource-type": "PROCESS_DEFINITION", "resource-id": "order", "permissions": ["CREATE_PROCESS_INSTANCE"]
//!     }]
//! }"#;
//! let world = PolicyDocument::from_json(document)?.world()?;
//! let ann = resolve(&world, ResolveInput::from(&Principal::user("ann")?));
//! let question = Question::resource(world.catalog(), "PROCESS_DEFINITION", "CREATE_PROCESS_INSTANCE", "order")?;
//! assert!(decide(&world, &ann, &question).allowed());
//! # Ok(())
//! # }
//! ```

mod fact;
mod object;
mod plan;
mod read;
mod rules;
mod shape;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::apply::{NewAuthorization, Refusal, apply, missing_defaults};
use crate::catalog::ResourceCatalog;
use crate::decide::Authority;
use crate::entity::{CustomType, Group, MappingRule, Membership, Role, Tenant};
use crate::value::{Email, Name, Username, strict_json_object};
use crate::world::{Sources, World};
use fact::Fact;

pub use plan::{Prune, missing_grants};

/// Policies to establish. Members and owners of authorizations refer to entities by id. Clients need not be defined, nor
/// users that come from a provider.
///
/// Lists of members, permissions and properties name what must be there. They do not forbid more, unless a plan
/// [prunes](Prune).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyDocument {
    /// Custom resource types, with their permissions and properties.
    pub resource_types: Vec<CustomType>,
    /// Built-in users.
    pub users: Vec<DocumentUser>,
    /// Mapping rules without targets. Memberships determine what they assign.
    pub mapping_rules: Vec<MappingRule>,
    /// Groups, without their members.
    pub groups: Vec<Group>,
    /// Roles, with permissions for APIs, without members.
    pub roles: Vec<Role>,
    /// Tenants, without their members.
    pub tenants: Vec<Tenant>,
    /// Members of these groups, roles and tenants, and of the default roles.
    pub memberships: BTreeSet<Membership>,
    /// Authorizations. At most one has the same owner, resource and condition.
    pub authorizations: Vec<NewAuthorization>,
    /// JSON pointers of what was read. Not part of the policies.
    places: Places,
}

/// Built-in user of a document, without password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentUser {
    /// Unique id, with which the user signs in.
    pub username: Username,
    /// Display name.
    pub name: Option<Name>,
    /// E-mail address.
    pub email: Option<Email>,
    /// Whether the user is active.
    pub enabled: bool,
}

/// Places of the facts of a document. All places are equal: two documents are compared by their policies.
#[derive(Clone, Debug, Default)]
struct Places(BTreeMap<Fact, String>);

impl PartialEq for Places {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Places {}

/// Violated rule of a document, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentFinding {
    /// JSON pointer (RFC 6901) to the value, such as `/groups/0/name`. Empty for the whole document.
    pub pointer: String,
    /// The rule as a predicate of the value, such as "must not be blank".
    pub rule: String,
}

/// Reason why a document cannot be read or applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// The text is not a JSON object, or has duplicate members. Contains the reason.
    #[error("the document cannot be read: {0}")]
    Unreadable(&'static str),
    /// Values violate rules. Contains all of them.
    #[error("{}", DisplayFindings(.0))]
    Invalid(Vec<DocumentFinding>),
    /// The policies contradict each other, or refer to something that does not exist.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

struct DisplayFindings<'f>(&'f [DocumentFinding]);

impl fmt::Display for DisplayFindings<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, DocumentFinding { pointer, rule }) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}`{pointer}` {rule}")?;
        }
        Ok(())
    }
}

impl PolicyDocument {
    /// Reads a JSON document.
    ///
    /// # Errors
    /// If the text is not a JSON object, or with all violated rules.
    pub fn from_json(text: &str) -> Result<Self, DocumentError> {
        let object = strict_json_object(text.as_bytes()).map_err(DocumentError::Unreadable)?;
        Self::read(&Value::Object(object)).map_err(DocumentError::Invalid)
    }

    /// Creates a world with the default roles, the default tenant and the policies of this document. Users and clients
    /// come from an identity provider, and are not stored.
    ///
    /// # Errors
    /// If the policies are refused.
    pub fn world(&self) -> Result<World, DocumentError> {
        let empty = World::new(Sources::Provider { groups_claimed: false }, ResourceCatalog::standard());
        let with_defaults = apply(&empty, &missing_defaults(&empty), Authority::Server)?.world;
        let commands = self.commands(&with_defaults, Prune::Nothing, &BTreeMap::new());
        Ok(apply(&with_defaults, &commands, Authority::Administrator)?.world)
    }
}

impl<'de> Deserialize<'de> for PolicyDocument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::read(&value).map_err(|findings| serde::de::Error::custom(DisplayFindings(&findings)))
    }
}

#[cfg(test)]
mod tests;
