//! Value types: text that is validated once, when it is parsed.
//!
//! Functions of this crate accept these types instead of bare strings, so they can rely on well-formed values.

mod claims;
mod email;
mod id;
mod json;
mod local_path;
mod name;
mod namespace;
mod nearest;
mod network;
mod normal_form;
mod password;
mod secret;
mod selector;
mod uri;
mod visible;

pub use claims::{Claims, ClaimsError, StoredClaims};
pub use email::Email;
pub use id::{
    Audience, AuthorizationKey, ClientId, ClientKey, GroupId, MappingRuleId, PermissionName, PropertyName, ResourceId,
    ResourceTypeName, Revision, RoleId, TenantId, Username,
};
pub use json::{json_length, strict_json_object, text_or_integer};
pub use local_path::LocalPath;
pub use name::{ClaimValue, Description, Issuer, Name};
pub use namespace::{Namespace, NamespaceName};
pub use nearest::{is_visible_form, nearest, nearest_name};
pub use network::client_network;
pub use normal_form::{parse_time, storable, time_text, to_microsecond};
pub use secret::{PasswordHash, Secret};
pub(crate) use selector::Steps;
pub use selector::{ClaimSelector, Filter, OverBudget, Segment, Selected};
pub use uri::RedirectUri;
pub(crate) use visible::is_hidden;
pub use visible::is_visible;

use std::fmt;

/// Error for text that is not a valid value. The message contains the kind of value and the violated rule, but never
/// the text, which may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} {rule}")]
pub struct InvalidValue {
    /// Kind of value in words, such as `group id`: the subject of the message.
    pub what: &'static str,
    /// Violated rule, which completes the message, such as "must not be blank".
    pub rule: BrokenRule,
}

/// Rule that a text violates. The fields contain what would be valid.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BrokenRule {
    /// The text is empty or contains only white space.
    Blank,
    /// The text exceeds this length: in bytes for [`Email`], [`LocalPath`] and [`NamespaceName`], otherwise in
    /// characters.
    TooLong(usize),
    /// The text has fewer characters than this minimum.
    TooShort(usize),
    /// The text contains characters other than the ones described here.
    Characters(&'static str),
    /// The text does not have the form described here, such as "an address such as `name@example.com`". The second
    /// field describes the position of the error, or is empty.
    Form(&'static str, String),
}

impl fmt::Display for BrokenRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blank => f.write_str("must not be blank"),
            Self::TooShort(min) => write!(f, "must have at least {min} characters"),
            Self::TooLong(max) => write!(f, "must not be longer than {max} characters"),
            Self::Characters(allowed) => write!(f, "may only contain {allowed}"),
            Self::Form(form, detail) if detail.is_empty() => write!(f, "must be {form}"),
            Self::Form(form, detail) => write!(f, "must be {form}: {detail}"),
        }
    }
}

impl InvalidValue {
    fn new(what: &'static str, rule: BrokenRule) -> Self {
        Self { what, rule }
    }
}

/// Validates ids and names: 1 to `max` characters, no control characters, no leading or trailing white space.
fn plain_text(what: &'static str, text: &str, max: usize) -> Result<(), InvalidValue> {
    if text.trim().is_empty() {
        return Err(InvalidValue::new(what, BrokenRule::Blank));
    }
    if text.chars().count() > max {
        return Err(InvalidValue::new(what, BrokenRule::TooLong(max)));
    }
    if text.chars().any(char::is_control) || text.trim() != text {
        return Err(InvalidValue::new(
            what,
            BrokenRule::Characters("printable characters, without white space at either end"),
        ));
    }
    Ok(())
}
