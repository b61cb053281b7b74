//! Identifiers. Case-sensitive, compared byte for byte, cheap to clone.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{BrokenRule, InvalidValue, plain_text};

/// Longest id in characters (orchestration reference §2.1).
const MAX_ID: usize = 256;
/// Longest tenant id in characters: Management Identity's form takes 63, the Orchestration Cluster API only 31.
const MAX_TENANT_ID: usize = 63;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "Arc<str>")]
        pub struct $name(Arc<str>);

        impl $name {
            /// # Errors
            /// When the text breaks the rules of this kind of id.
            pub fn parse(text: &str) -> Result<Self, InvalidValue> {
                let check: fn(&'static str, &str) -> Result<(), InvalidValue> = $check;
                check($what, text)?;
                Ok(Self(Arc::from(text)))
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidValue;
            fn try_from(text: String) -> Result<Self, InvalidValue> {
                Self::parse(&text)
            }
        }

        impl From<$name> for Arc<str> {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &self.0)
            }
        }
    };
}

fn id(what: &'static str, text: &str) -> Result<(), InvalidValue> {
    plain_text(what, text, MAX_ID)
}

fn upper_or_kebab(what: &'static str, text: &str) -> Result<(), InvalidValue> {
    plain_text(what, text, MAX_ID)?;
    if text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')) {
        Ok(())
    } else {
        Err(InvalidValue::new(what, BrokenRule::Characters("letters, digits, `_`, `-` and `.`")))
    }
}

fn tenant_id(what: &'static str, text: &str) -> Result<(), InvalidValue> {
    if text == TenantId::DEFAULT {
        return Ok(());
    }
    plain_text(what, text, MAX_TENANT_ID)?;
    if text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')) {
        Ok(())
    } else {
        Err(InvalidValue::new(what, BrokenRule::Characters("letters, digits, `_`, `-` and `.`")))
    }
}

text_id!(
    /// A user's name, its key here and the value of the configured username claim.
    Username, "username", id
);
text_id!(
    /// An OAuth client id. Clients are never stored; they exist by being referred to.
    ClientId, "client id", id
);
text_id!(
    /// A directory's own key for a client or an API.
    ClientKey, "id", id
);
text_id!(
    /// A group. May hold any printable character: ids from a groups claim are often paths.
    GroupId, "group id", id
);
text_id!(
    /// A role. The Management Identity API calls it the role's name.
    RoleId, "role id", id
);
text_id!(
    /// A mapping rule.
    MappingRuleId, "mapping rule id", id
);
text_id!(
    /// A tenant: letters, digits, `_`, `-`, `.`, or `<default>`.
    TenantId, "tenant id", tenant_id
);
text_id!(
    /// The audience of an API that has permissions, such as `camunda-identity-resource-server`.
    Audience, "audience", id
);
text_id!(
    /// A permission's definition: `write:*` of an API, or `READ` of a resource type.
    PermissionName, "permission", id
);
text_id!(
    /// A resource type, such as `PROCESS_DEFINITION`.
    ResourceTypeName, "resource type", upper_or_kebab
);
text_id!(
    /// The id of a protected resource. `*` is not one: it is [`Scope::Any`](crate::entity::Scope::Any).
    ResourceId, "resource id", |what, text| {
        if text == "*" {
            return Err(InvalidValue::new(what, BrokenRule::Form("a single resource's id", String::new())));
        }
        id(what, text)
    }
);
text_id!(
    /// A property of a resource that an authorization may depend on, such as `assignee`.
    PropertyName, "resource property name", id
);

impl GroupId {
    /// A fresh id.
    #[must_use]
    pub fn generated(ids: &dyn crate::port::Ids) -> Self {
        Self(Arc::from(ids.fresh()))
    }
}

/// The kinds of ids that the world's indexes share the text of.
macro_rules! indexed {
    ($($name:ident),+) => {
        $(impl $name {
            pub(crate) fn shared(&self) -> Arc<str> {
                Arc::clone(&self.0)
            }

            /// From text that an id of this kind already held.
            pub(crate) fn from_shared(text: &Arc<str>) -> Self {
                Self(Arc::clone(text))
            }
        })+
    };
}

indexed!(Username, ClientId, GroupId, RoleId, MappingRuleId, TenantId);

impl ResourceTypeName {
    pub(crate) fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }
}

impl TenantId {
    /// The tenant that always exists.
    pub const DEFAULT: &'static str = "<default>";

    /// The tenant that always exists.
    #[must_use]
    pub fn default_tenant() -> Self {
        Self(Arc::from(Self::DEFAULT))
    }

    /// Whether this is the tenant that always exists.
    #[must_use]
    pub fn is_default(&self) -> bool {
        &*self.0 == Self::DEFAULT
    }
}

/// The number of a version of the world. The empty world is 0; every commit adds one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(pub u64);

impl Revision {
    /// The revision that the next commit makes.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The key of an authorization: unique for ever, ascending in the order of creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AuthorizationKey(pub u64);

impl AuthorizationKey {
    /// How many authorizations one commit can create.
    pub const PER_COMMIT: u64 = 1 << 20;

    /// The key of the `ordinal`-th authorization that the commit of `revision` creates. Revisions are never used
    /// twice, so no key ever is, and no counter has to be kept.
    ///
    /// `None` when the commit holds more than [`Self::PER_COMMIT`], or after 2^43 commits.
    #[must_use]
    pub fn mint(revision: Revision, ordinal: u64) -> Option<Self> {
        if ordinal >= Self::PER_COMMIT || revision.0 >= 1 << 43 {
            return None;
        }
        Some(Self(revision.0 * Self::PER_COMMIT + ordinal))
    }
}

impl fmt::Display for AuthorizationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_keeps_its_text_and_its_case() {
        assert_eq!(GroupId::parse("/Sales/EU").unwrap().as_str(), "/Sales/EU");
        assert_ne!(RoleId::parse("admin").unwrap(), RoleId::parse("Admin").unwrap());
    }

    #[test]
    fn an_id_is_not_blank_long_or_unprintable() {
        for text in ["", "  ", " a", "a\n", "a\u{0}b", &"x".repeat(257)] {
            assert!(GroupId::parse(text).is_err(), "{text:?}");
        }
        assert!(GroupId::parse(&"ü".repeat(256)).is_ok());
    }

    #[test]
    fn only_the_default_tenant_has_angle_brackets() {
        assert!(TenantId::parse("<default>").unwrap().is_default());
        for text in ["<other>", "a b", "", &"t".repeat(64), "*"] {
            assert!(TenantId::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_wildcard_is_not_a_resource_id() {
        assert!(ResourceId::parse("*").is_err());
        assert!(ResourceId::parse("order-*").is_ok());
    }

    #[test]
    fn keys_ascend_and_never_meet() {
        let last = AuthorizationKey::mint(Revision(1), AuthorizationKey::PER_COMMIT - 1).unwrap();
        assert!(last < AuthorizationKey::mint(Revision(2), 0).unwrap());
        assert_eq!(AuthorizationKey::mint(Revision(1), AuthorizationKey::PER_COMMIT), None);
    }

    #[test]
    fn a_stored_id_is_checked_when_read() {
        assert!(serde_json::from_str::<TenantId>("\"no such tenant id\"").is_err());
        assert_eq!(serde_json::to_string(&GroupId::parse("g").unwrap()).unwrap(), "\"g\"");
    }
}
