//! E-mail addresses of users.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{BrokenRule, InvalidValue};

/// An e-mail address, such as `ann@example.com`. Not unique: two users may share one
/// (docs/reference/orchestration-cluster.md §1.1).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(Box<str>);

impl Email {
    /// Maximum length, in bytes (RFC 5321 §4.5.3.1.3, without the angle brackets).
    pub const MAX: usize = 254;

    /// Validates the syntax of an address. Non-ASCII characters are allowed. Deliverability is not checked.
    ///
    /// # Errors
    /// If the text is longer than [`Self::MAX`] bytes, or is not of the form `local@domain` with at least two labels in
    /// the domain.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let refuse = |rule| Err(InvalidValue::new("email", rule));
        if text.len() > Self::MAX {
            return refuse(BrokenRule::TooLong(Self::MAX));
        }
        let Some((local, domain)) = text.rsplit_once('@') else {
            return refuse(BrokenRule::Email);
        };
        let local_ok = !local.is_empty()
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
            && local.chars().all(|c| !c.is_control() && !c.is_whitespace() && !"\"(),:;<>@[\\]".contains(c));
        let domain_ok = domain.split('.').count() > 1
            && domain.split('.').all(|label| {
                !label.is_empty()
                    && !label.starts_with('-')
                    && !label.ends_with('-')
                    && label.chars().all(|c| c.is_alphanumeric() || c == '-')
            });
        if local_ok && domain_ok { Ok(Self(Box::from(text))) } else { refuse(BrokenRule::Email) }
    }

    /// The address as given, in its original case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Email {
    type Error = InvalidValue;
    fn try_from(text: String) -> Result<Self, InvalidValue> {
        Self::parse(&text)
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0.into()
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for good in ["a@b.co", "first.last+tag@sub.example.org", "ümlaut@bücher.example"] {
            assert!(Email::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "a", "@b.co", "a@", "a@b", "a@@b.co", "a b@c.co", ".a@b.co", "a..b@c.co", "a@-b.co", "a@b..co"]
        {
            assert!(Email::parse(bad).is_err(), "{bad}");
        }
    }
}
