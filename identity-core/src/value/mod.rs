//! Values: text that has been checked once, by its only constructor.
//!
//! Nothing else in this crate takes an id, a claim selector or an e-mail as a bare string, so a function that has one
//! knows that it is well formed.

mod claims;
mod email;
mod id;
mod json;
mod local_path;
mod name;
mod namespace;
mod nearest;
mod network;
mod secret;
mod selector;
mod uri;
mod visible;

pub use claims::{Claims, ClaimsError};
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
pub use secret::{PasswordHash, Secret};
pub(crate) use selector::Steps;
pub use selector::{ClaimSelector, Filter, OverBudget, Segment, Selected};
pub use uri::RedirectUri;
pub(crate) use visible::is_hidden;
pub use visible::is_visible;

use std::fmt;

/// Why a text is not the value it should be. The message names the kind of value and the rule, never the text itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} {rule}")]
pub struct InvalidValue {
    /// What the text should have been, in words: `group id`.
    pub what: &'static str,
    /// The rule that it breaks.
    pub rule: BrokenRule,
}

/// The rule that a text breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BrokenRule {
    /// Nothing, or only white space.
    Blank,
    /// More than this many characters.
    TooLong(usize),
    /// Fewer than this many characters.
    TooShort(usize),
    /// A character outside the named set.
    Characters(&'static str),
    /// Not of the named form; the second part says where it goes wrong, when that is known.
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

/// Refuses blank text, more than `max` characters, control characters and white space at either end.
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
