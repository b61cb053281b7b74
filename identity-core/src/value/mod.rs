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
mod version;
mod visible;

pub use claims::{Claims, ClaimsError, StoredClaims};
pub use email::Email;
pub use id::{
    Audience, AuthorizationKey, ClientId, ClientKey, DocumentName, GroupId, MappingRuleId, PermissionName,
    PropertyName, ResourceId, ResourceTypeName, Revision, RoleId, TenantId, Username,
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
pub use version::{ExpectedVersions, Version};
pub(crate) use visible::is_hidden;
pub use visible::is_visible;

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

/// Parameters of a coded error: strings and numbers by name. Clients insert them into sentences in the language of their
/// users.
pub type Params = BTreeMap<&'static str, Value>;

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
    /// The text contains characters other than these.
    Characters(CharacterSet),
    /// The text is not an e-mail address.
    Email,
    /// The text does not have the form described here, such as "an absolute URI". The second field describes the
    /// position of the error, or is empty.
    Form(&'static str, String),
}

/// Characters that a text may contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CharacterSet {
    /// Printable characters; white space not at either end.
    Printable,
    /// Printable characters and line breaks.
    Lines,
    /// ASCII letters and digits, `_`, `-` and `.`.
    Identifier,
    /// Lower-case ASCII letters, digits and `-`.
    LowerCase,
    /// The characters of a URL (RFC 3986).
    Url,
}

impl CharacterSet {
    /// Returns the stable name of the set, the parameter `allowed` of the code `characters`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Printable => "printable",
            Self::Lines => "lines",
            Self::Identifier => "identifier",
            Self::LowerCase => "lower_case",
            Self::Url => "url",
        }
    }
}

impl fmt::Display for CharacterSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Printable => "printable characters, without white space at either end",
            Self::Lines => "printable characters and line breaks",
            Self::Identifier => "letters, digits, `_`, `-` and `.`",
            Self::LowerCase => "lower-case letters, digits and `-`",
            Self::Url => "the characters of a URL",
        })
    }
}

impl BrokenRule {
    /// All values of [`Self::code`].
    pub const CODES: &[&str] = &["blank", "too_short", "too_long", "characters", "email", "form"];

    /// Returns the stable code of the rule, such as `too_long`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Blank => "blank",
            Self::TooShort(_) => "too_short",
            Self::TooLong(_) => "too_long",
            Self::Characters(_) => "characters",
            Self::Email => "email",
            Self::Form(..) => "form",
        }
    }

    /// Returns the parameters of the rule, such as `max`.
    #[must_use]
    pub fn params(&self) -> Params {
        match self {
            Self::Blank | Self::Email => Params::new(),
            Self::TooShort(min) => Params::from([("min", Value::from(*min))]),
            Self::TooLong(max) => Params::from([("max", Value::from(*max))]),
            Self::Characters(set) => Params::from([("allowed", Value::from(set.name()))]),
            Self::Form(form, detail) => {
                Params::from([("form", Value::from(*form)), ("position", Value::from(detail.as_str()))])
            }
        }
    }
}

impl fmt::Display for BrokenRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blank => f.write_str("must not be blank"),
            Self::TooShort(min) => write!(f, "must have at least {min} characters"),
            Self::TooLong(max) => write!(f, "must not be longer than {max} characters"),
            Self::Characters(allowed) => write!(f, "may only contain {allowed}"),
            Self::Email => f.write_str("must be an address such as `name@example.com`"),
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
        return Err(InvalidValue::new(what, BrokenRule::Characters(CharacterSet::Printable)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_complete() {
        let rules = [
            BrokenRule::Blank,
            BrokenRule::TooShort(1),
            BrokenRule::TooLong(1),
            BrokenRule::Characters(CharacterSet::Printable),
            BrokenRule::Email,
            BrokenRule::Form("a form", String::new()),
        ];
        assert_eq!(rules.each_ref().map(BrokenRule::code).as_slice(), BrokenRule::CODES);
    }
}
