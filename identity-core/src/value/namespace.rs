//! Namespaces: if several issuers are trusted, they keep the names that each issuer assigns apart.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::{BrokenRule, CharacterSet, InvalidValue};

/// Separates the namespace from the name in an id, as in `partner~ann`. Namespaces cannot contain it, so its first
/// occurrence ends the namespace.
const SEPARATOR: char = '~';
/// Maximum length of a namespace, in characters.
const MAX_LENGTH: usize = 32;

/// Name of a namespace, such as `partner`: 1 to 32 lower-case ASCII letters, digits and dashes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NamespaceName(Arc<str>);

impl NamespaceName {
    /// Validates the name of a namespace, such as `partner`.
    ///
    /// # Errors
    /// If the text is empty, longer than 32 characters, or contains characters other than lower-case ASCII letters,
    /// digits and dashes.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let refuse = |rule| Err(InvalidValue::new("namespace", rule));
        if text.is_empty() {
            return refuse(BrokenRule::Blank);
        }
        if text.len() > MAX_LENGTH {
            return refuse(BrokenRule::TooLong(MAX_LENGTH));
        }
        if !text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
            return refuse(BrokenRule::Characters(CharacterSet::LowerCase));
        }
        Ok(Self(Arc::from(text)))
    }

    /// The name without the separator, such as `partner`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Removes the prefix of this namespace: `partner~ann` becomes `ann`. `None` if `id` has another prefix or none.
    fn strip<'i>(&self, id: &'i str) -> Option<&'i str> {
        id.strip_prefix(&*self.0)?.strip_prefix(SEPARATOR)
    }

    /// Returns true if the text begins with the prefix of this namespace, ignoring ASCII case: `Partner~ann` must not
    /// be mistaken for `partner~ann`.
    fn resembles_prefix_of(&self, text: &str) -> bool {
        let (length, bytes) = (self.0.len(), text.as_bytes());
        bytes.get(..length).is_some_and(|start| start.eq_ignore_ascii_case(self.0.as_bytes()))
            && text.get(length..).is_some_and(|rest| rest.starts_with(SEPARATOR))
    }
}

impl fmt::Display for NamespaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Maps usernames, client ids and groups in the tokens of one issuer to ids. Issuers in different namespaces can never
/// assign the same id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Namespace {
    own: Option<NamespaceName>,
    /// Names of the namespaces of other issuers. Empty if this issuer has a namespace of its own.
    others: Arc<[NamespaceName]>,
}

impl Namespace {
    /// Creates the namespace of the only trusted issuer: every name is used as the id, unchanged.
    #[must_use]
    pub fn whole() -> Self {
        Self::default()
    }

    /// Creates a namespace with a prefix: the name `ann` becomes the id `partner~ann`.
    #[must_use]
    pub fn named(name: NamespaceName) -> Self {
        Self { own: Some(name), others: Arc::default() }
    }

    /// Creates the namespace of the issuer without a prefix beside `others` with one. Names are used as ids, unchanged.
    /// Names that begin with a prefix of the others are rejected.
    #[must_use]
    pub fn outside(others: impl IntoIterator<Item = NamespaceName>) -> Self {
        Self { own: None, others: others.into_iter().collect() }
    }

    /// Maps a name to an id. `None` if the name begins with the prefix of another namespace.
    #[must_use]
    pub fn id<'n>(&self, name: &'n str) -> Option<Cow<'n, str>> {
        match &self.own {
            Some(own) => Some(Cow::Owned(format!("{own}{SEPARATOR}{name}"))),
            None => self.leaves(name).then_some(Cow::Borrowed(name)),
        }
    }

    /// Returns true if the issuer can assign this id.
    #[must_use]
    pub fn holds(&self, id: &str) -> bool {
        match &self.own {
            Some(own) => own.strip(id).is_some(),
            None => self.leaves(id),
        }
    }

    fn leaves(&self, text: &str) -> bool {
        !self.others.iter().any(|other| other.resembles_prefix_of(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> NamespaceName {
        NamespaceName::parse(text).unwrap()
    }

    #[test]
    fn the_only_issuer_keeps_its_names() {
        for text in ["ann", "~ann", "partner~ann", "a~b~c", "ü"] {
            assert_eq!(Namespace::whole().id(text).as_deref(), Some(text));
            assert!(Namespace::whole().holds(text));
        }
    }

    #[test]
    fn no_two_issuers_share_an_id() {
        let issuers = [
            Namespace::named(name("corp")),
            Namespace::named(name("cor")),
            Namespace::named(name("partner")),
            Namespace::outside([name("corp"), name("cor"), name("partner")]),
        ];
        let names =
            ["ann", "corp~ann", "cor~p~ann", "p~ann", "partner~corp~ann", "~ann", "corp", "", "corp~", "CORP~ann"];
        for (number, one) in issuers.iter().enumerate() {
            for text in names {
                let Some(id) = one.id(text) else { continue };
                assert!(one.holds(&id), "{id}");
                for other in issuers.iter().skip(number + 1) {
                    assert!(!other.holds(&id), "{id}");
                    for forged in names {
                        assert_ne!(other.id(forged).as_deref(), Some(&*id));
                    }
                }
            }
        }
    }

    #[test]
    fn rejects_names_that_pass_for_those_of_another_namespace() {
        let outside = Namespace::outside([name("corp")]);
        for forged in ["corp~ann", "corp~", "CORP~ann", "Corp~ann"] {
            assert_eq!(outside.id(forged), None, "{forged}");
        }
        for own in ["corp", "corp-ann", "corpo~ann", "ann~corp~", "ü~corp"] {
            assert_eq!(outside.id(own).as_deref(), Some(own));
        }
    }

    #[test]
    fn a_namespace_holds_no_separator() {
        for text in ["", "a~b", "A", "a b", "ü", &"a".repeat(33)] {
            assert!(NamespaceName::parse(text).is_err(), "{text}");
        }
        assert!(NamespaceName::parse("partner-2").is_ok());
    }
}
