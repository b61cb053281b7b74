//! Short and long texts with few restrictions: names, descriptions, issuers and comparison values.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{BrokenRule, CharacterSet, InvalidValue, plain_text};

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $what:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Box<str>);

        impl $name {
            /// Validates a text and wraps it unchanged.
            ///
            /// # Errors
            /// If the text has a length or contains characters that this type does not allow.
            pub fn parse(text: &str) -> Result<Self, InvalidValue> {
                let check: fn(&'static str, &str) -> Result<(), InvalidValue> = $check;
                check($what, text)?;
                Ok(Self(Box::from(text)))
            }

            /// The text as given.
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

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0.into()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text!(
    /// Display name: 1 to 256 printable characters, without white space at either end.
    Name, "name", |what, text| plain_text(what, text, 256)
);
text!(
    /// Description: 0 to 4096 characters without control characters, except line breaks and tabs. Empty by default.
    Description, "description", |what, text| {
        if text.chars().count() > 4096 {
            return Err(InvalidValue::new(what, BrokenRule::TooLong(4096)));
        }
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            return Err(InvalidValue::new(what, BrokenRule::Characters(CharacterSet::Lines)));
        }
        Ok(())
    }
);
text!(
    /// Token issuer (`iss`): 1 to 2048 printable characters, compared byte by byte, without URL normalization.
    Issuer, "issuer", |what, text| plain_text(what, text, 2048)
);
text!(
    /// Value that a mapping rule compares a claim with: 1 to 1024 printable characters. Not a pattern.
    ClaimValue, "claim value", |what, text| plain_text(what, text, 1024)
);

impl Default for Description {
    fn default() -> Self {
        Self(Box::from(""))
    }
}

impl From<&super::RoleId> for Name {
    /// Uses the id as the display name of a role that was created without one. Every valid id is a valid name.
    fn from(id: &super::RoleId) -> Self {
        Self(Box::from(id.as_str()))
    }
}

impl From<&super::MappingRuleId> for Name {
    /// Uses the id as the display name of a rule that was created without one. Every valid id is a valid name.
    fn from(id: &super::MappingRuleId) -> Self {
        Self(Box::from(id.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_may_be_empty_and_have_lines_but_a_name_may_not() {
        assert!(Description::parse("").is_ok());
        assert!(Description::parse("two\nlines").is_ok());
        assert!(Description::parse("bell\u{7}").is_err());
        assert!(Name::parse("").is_err());
        assert!(Name::parse("two\nlines").is_err());
    }
}
