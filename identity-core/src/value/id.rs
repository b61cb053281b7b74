//! Identifiers: validated text, compared byte by byte and therefore case-sensitive, cheap to clone.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{BrokenRule, CharacterSet, InvalidValue, plain_text};

/// Maximum length of an id, in characters (docs/reference/orchestration-cluster.md §2.1).
const MAX_ID: usize = 256;
/// Maximum length of a tenant id, in characters. The Management Identity form accepts 63, the Orchestration Cluster API
/// only 31.
const MAX_TENANT_ID: usize = 63;
const MAX_DOCUMENT_NAME: usize = 64;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "Arc<str>")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Validates a text and wraps it unchanged.
            ///
            /// # Errors
            /// If the text is blank, too long, or contains characters that this kind of id does not allow.
            pub fn parse(text: &str) -> Result<Self, InvalidValue> {
                let check: fn(&'static str, &str) -> Result<(), InvalidValue> = $check;
                check($what, text)?;
                Ok(Self(Arc::from(text)))
            }

            /// The id as text, unchanged.
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
        Err(InvalidValue::new(what, BrokenRule::Characters(CharacterSet::Identifier)))
    }
}

fn document_name(what: &'static str, text: &str) -> Result<(), InvalidValue> {
    plain_text(what, text, MAX_DOCUMENT_NAME)?;
    if text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')) {
        Ok(())
    } else {
        Err(InvalidValue::new(what, BrokenRule::Characters(CharacterSet::Identifier)))
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
        Err(InvalidValue::new(what, BrokenRule::Characters(CharacterSet::Identifier)))
    }
}

text_id!(
    /// Name under which policy documents are applied: 1 to 64 ASCII letters, digits, `_`, `-` or `.`.
    DocumentName, "document name", document_name
);
text_id!(
    /// Username: 1 to 256 printable characters. Key of a user, and value of the configured username claim of tokens.
    Username, "username", id
);
text_id!(
    /// OAuth client id: 1 to 256 printable characters. Clients are not stored in the policy store; memberships and
    /// authorizations refer to them by this id.
    ClientId, "client id", id
);
text_id!(
    /// Key that a directory assigns to a client or an API, such as a UUID. Unlike the client id, it is never reused.
    ClientKey, "id", id
);
text_id!(
    /// Group id: 1 to 256 printable characters, because ids from a groups claim are often paths, such as `/Sales/EU`.
    GroupId, "group id", id
);
text_id!(
    /// Role id: 1 to 256 printable characters. The Management Identity API calls it the name of the role.
    RoleId, "role id", id
);
text_id!(
    /// Mapping rule id: 1 to 256 printable characters.
    MappingRuleId, "mapping rule id", id
);
text_id!(
    /// Tenant id: 1 to 63 letters, digits, `_`, `-` and `.`, or `<default>` for the default tenant.
    TenantId, "tenant id", tenant_id
);
text_id!(
    /// Audience that identifies an API in the claim `aud` of its tokens, such as `camunda-identity-resource-server`.
    Audience, "audience", id
);
text_id!(
    /// Permission name, such as `write:*` of an API or `READ` of a resource type. Case-sensitive.
    PermissionName, "permission", id
);
text_id!(
    /// Resource type name, such as `PROCESS_DEFINITION`: up to 256 ASCII letters, digits, `_`, `-` and `.`.
    ResourceTypeName, "resource type", upper_or_kebab
);
text_id!(
    /// Id of a single resource: 1 to 256 printable characters. `*` is not a resource id;
    /// [`Scope::Any`](crate::entity::Scope::Any) represents it.
    ResourceId, "resource id", |what, text| {
        if text == "*" {
            return Err(InvalidValue::new(what, BrokenRule::Form("a single resource's id", String::new())));
        }
        id(what, text)
    }
);
text_id!(
    /// Name of a resource property on which an authorization may depend, such as `assignee`.
    PropertyName, "resource property name", id
);

impl GroupId {
    /// Wraps a generated UUID without validation, because every UUID is a valid id.
    pub(crate) fn generated(uuid: String) -> Self {
        Self(Arc::from(uuid))
    }
}

/// Gives ids access to their shared text, so that the indexes of the world need no copy of it.
macro_rules! indexed {
    ($($name:ident),+) => {
        $(impl $name {
            pub(crate) fn shared(&self) -> Arc<str> {
                Arc::clone(&self.0)
            }

            /// Wraps text that was taken from an id of the same kind. It is not validated again.
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
    /// Id of the default tenant, which always exists. The only tenant id with angle brackets.
    pub const DEFAULT: &'static str = "<default>";

    /// Returns the id of the default tenant, `<default>`.
    #[must_use]
    pub fn default_tenant() -> Self {
        Self(Arc::from(Self::DEFAULT))
    }

    /// Returns true if this is the id of the default tenant.
    #[must_use]
    pub fn is_default(&self) -> bool {
        &*self.0 == Self::DEFAULT
    }
}

/// Version number of the policy data. Empty data has revision 0; every commit increments it by one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(pub u64);

impl Revision {
    /// Returns the revision that the next commit creates.
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

/// Key of an authorization. Keys ascend in the order of creation and are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AuthorizationKey(pub u64);

impl AuthorizationKey {
    /// Maximum number of authorizations that one commit can create: 2^20.
    pub const PER_COMMIT: u64 = 1 << 20;

    /// Derives the key of an authorization from the revision of the commit that creates it and from its position in the
    /// commit, counted from 0. Revisions are never reused, so keys are unique without a stored counter.
    ///
    /// Returns `None` if `ordinal` is not below [`Self::PER_COMMIT`], or after 2^43 commits.
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
