//! Text for people: names, descriptions, and the values that claims are compared with.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{BrokenRule, InvalidValue, plain_text};

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $what:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Box<str>);

        impl $name {
            /// # Errors
            /// When the text breaks the rules of this kind of text.
            pub fn parse(text: &str) -> Result<Self, InvalidValue> {
                let check: fn(&'static str, &str) -> Result<(), InvalidValue> = $check;
                check($what, text)?;
                Ok(Self(Box::from(text)))
            }

            /// The text.
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
    /// A display name: 1 to 256 printable characters.
    Name, "name", |what, text| plain_text(what, text, 256)
);
text!(
    /// A description: up to 4096 characters, possibly none; line breaks and tabs are allowed.
    Description, "description", |what, text| {
        if text.chars().count() > 4096 {
            return Err(InvalidValue::new(what, BrokenRule::TooLong(4096)));
        }
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            return Err(InvalidValue::new(what, BrokenRule::Characters("printable characters and line breaks")));
        }
        Ok(())
    }
);
text!(
    /// An issuer of tokens, as its tokens name it: 1 to 2048 printable characters, compared byte for byte.
    Issuer, "issuer", |what, text| plain_text(what, text, 2048)
);
text!(
    /// What a mapping rule compares a claim with: 1 to 1024 characters, taken literally.
    ClaimValue, "claim value", |what, text| plain_text(what, text, 1024)
);

impl Default for Description {
    fn default() -> Self {
        Self(Box::from(""))
    }
}

impl From<&super::RoleId> for Name {
    /// A role without a name of its own is called by its id; ids are at least as strict as names.
    fn from(id: &super::RoleId) -> Self {
        Self(Box::from(id.as_str()))
    }
}

impl From<&super::MappingRuleId> for Name {
    /// As for roles.
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
