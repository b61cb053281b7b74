//! Namespaces: which ids the names of an issuer become, where several issuers are trusted.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::{BrokenRule, InvalidValue};

/// Stands between a namespace and a name. No namespace can hold it, so the first one in an id ends the namespace.
const SEPARATOR: char = '~';
/// Longest name of a namespace in characters.
const MAX_LENGTH: usize = 32;

/// The name of a namespace: lower-case letters, digits and dashes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NamespaceName(Arc<str>);

impl NamespaceName {
    /// # Errors
    /// When the text is blank, longer than 32 characters, or has others than lower-case letters, digits and dashes.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let refuse = |rule| Err(InvalidValue::new("namespace", rule));
        if text.is_empty() {
            return refuse(BrokenRule::Blank);
        }
        if text.len() > MAX_LENGTH {
            return refuse(BrokenRule::TooLong(MAX_LENGTH));
        }
        if !text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
            return refuse(BrokenRule::Characters("lower-case letters, digits and `-`"));
        }
        Ok(Self(Arc::from(text)))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name behind the prefix `NAMESPACE~`.
    fn strip<'i>(&self, id: &'i str) -> Option<&'i str> {
        id.strip_prefix(&*self.0)?.strip_prefix(SEPARATOR)
    }

    /// Whether a text begins with the prefix, in any case: `Partner~ann` must not pass for `partner~ann`.
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

/// Which ids the names of an issuer become: usernames, client ids and claimed groups. Names of issuers of different
/// namespaces never become the same id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Namespace {
    own: Option<NamespaceName>,
    /// The namespaces of other issuers, where this one has none.
    others: Arc<[NamespaceName]>,
}

impl Namespace {
    /// Names become ids as they are. For the only issuer.
    #[must_use]
    pub fn whole() -> Self {
        Self::default()
    }

    /// A name becomes `NAMESPACE~name`.
    #[must_use]
    pub fn named(name: NamespaceName) -> Self {
        Self { own: Some(name), others: Arc::default() }
    }

    /// Names become ids as they are, unless they begin with the prefix of one of these namespaces of other issuers.
    #[must_use]
    pub fn outside(others: impl IntoIterator<Item = NamespaceName>) -> Self {
        Self { own: None, others: others.into_iter().collect() }
    }

    /// The id that a name becomes. `None` when the name would be one of another issuer's ids.
    #[must_use]
    pub fn id<'n>(&self, name: &'n str) -> Option<Cow<'n, str>> {
        match &self.own {
            Some(own) => Some(Cow::Owned(format!("{own}{SEPARATOR}{name}"))),
            None => self.leaves(name).then_some(Cow::Borrowed(name)),
        }
    }

    /// Whether a name of this issuer can have become this id.
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
