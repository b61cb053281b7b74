//! What a configuration key is. The list of them is [`KEYS`](super::table::KEYS): the shape of documents, the names of
//! environment variables, defaults, suggestions and `docs/configuration.md` all come from it.

use super::names::canonical;
use super::table::KEYS;

/// One key that can be configured.
pub(super) struct Key {
    /// Where it is in a document: `store.postgres.port`. `[]` follows a list, `<id>` stands for a name of the user's choice.
    pub path: &'static str,
    /// What its value looks like.
    pub kind: Kind,
    /// The value when nobody gives one, as text; a list's elements are separated by commas. Empty: none.
    pub default: &'static str,
    /// Properties of the replaced service that mean the same. Without an index they are element 0, without an id the
    /// provider `default`.
    pub aliases: &'static [&'static str],
    /// What it does.
    #[cfg_attr(not(test), expect(dead_code, reason = "for the documentation, which a test keeps in step"))]
    pub meaning: &'static str,
}

/// What a value looks like.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// Any text; its section says what it must be.
    Text,
    /// Text that is never shown. Also comes from a file: the key has a sibling that ends in `-file`.
    Secret,
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Number,
    /// A length of time, such as `60s`.
    Duration,
    /// One of these words, in any case.
    Choice(&'static [&'static str]),
}

/// What belongs at a path.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// Keys with these names.
    Map,
    /// Keys with names of the user's choice.
    Named,
    /// A list.
    List,
    /// A value.
    Value(Kind),
}

/// Ends the name of a key that names the file in which a secret is.
pub(super) const FILE_SUFFIX: &str = "-file";

impl Key {
    /// The key at a path in which ids and indices are left open.
    pub(super) fn find(path: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.path == path)
    }

    /// Every path at which this key can be given.
    pub(super) fn paths(&self) -> impl Iterator<Item = String> {
        let file = matches!(self.kind, Kind::Secret).then(|| format!("{}{FILE_SUFFIX}", self.path));
        std::iter::once(self.path.to_owned()).chain(file)
    }
}

impl Place {
    /// What belongs at a path in which ids and indices are left open; `None` where nothing does.
    pub(super) fn of(path: &str) -> Option<Self> {
        if let Some(key) = Key::find(path) {
            return Some(Self::Value(key.kind));
        }
        let secret = path.strip_suffix(FILE_SUFFIX).and_then(Key::find).map(|key| key.kind);
        if let Some(Kind::Secret) = secret {
            return Some(Self::Value(Kind::Text));
        }
        let rest = KEYS.iter().find_map(|key| {
            let rest = key.path.strip_prefix(path)?;
            (rest.starts_with("[]") || rest.starts_with('.') || path.is_empty()).then_some(rest)
        })?;
        Some(match rest {
            _ if rest.starts_with("[]") => Self::List,
            _ if rest.starts_with(".<id>") => Self::Named,
            _ => Self::Map,
        })
    }
}

impl Kind {
    /// The kind in words, after "must be".
    pub(super) fn words(self) -> String {
        match self {
            Self::Text | Self::Secret => "text; put it in quotes".to_owned(),
            Self::Flag => "`true` or `false`".to_owned(),
            Self::Number => "a whole number, without quotes".to_owned(),
            Self::Duration => "a length of time with its unit, such as `60s`, `5m` or `PT60S`".to_owned(),
            Self::Choice(words) => format!("one of {}", quoted(words)),
        }
    }
}

/// The name of a key below `shape` as the list of keys has it, however it was spelled; as it was written when there is none.
pub(super) fn spelled(shape: &str, written: &str) -> String {
    let mut exact = shape.to_owned();
    super::tree::extend(&mut exact, written);
    if Place::of(&exact).is_some() {
        return written.to_owned();
    }
    let wanted = canonical(written);
    let known = KEYS.iter().flat_map(Key::paths).find_map(|path| {
        let rest = if shape.is_empty() { &path } else { path.strip_prefix(shape)?.strip_prefix('.')? };
        let name = rest.split(['.', '[']).next()?;
        (name != "<id>" && canonical(name) == wanted).then(|| name.to_owned())
    });
    known.unwrap_or_else(|| written.to_owned())
}

/// `a`, `b`, `c`.
pub(super) fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// The word among `candidates` that somebody who wrote `text` may have meant.
pub(super) fn nearest<'w>(text: &str, candidates: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let limit = (text.chars().count() / 3).max(1);
    candidates
        .map(|candidate| (strsim::osa_distance(text, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_follow_from_the_keys() {
        assert!(matches!(Place::of(""), Some(Place::Map)));
        assert!(matches!(Place::of("server"), Some(Place::Map)));
        assert!(matches!(Place::of("server.port"), Some(Place::Value(Kind::Number))));
        assert!(matches!(Place::of("authentication.providers"), Some(Place::Named)));
        assert!(matches!(Place::of("authentication.providers.<id>"), Some(Place::Map)));
        assert!(matches!(Place::of("bootstrap.users"), Some(Place::List)));
        assert!(matches!(Place::of("bootstrap.users[]"), Some(Place::Map)));
        assert!(matches!(Place::of("bootstrap.users[].roles"), Some(Place::List)));
        assert!(matches!(Place::of("bootstrap.users[].roles[]"), Some(Place::Value(Kind::Text))));
        assert!(matches!(Place::of("store.postgres.password-file"), Some(Place::Value(Kind::Text))));
        assert!(Place::of("serve").is_none());
        assert!(Place::of("server.port-file").is_none());
    }

    #[test]
    fn a_suggestion_is_near() {
        assert_eq!(nearest("prot", ["port", "address"].into_iter()), Some("port"));
        assert_eq!(nearest("colour", ["port", "address"].into_iter()), None);
    }
}
