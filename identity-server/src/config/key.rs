//! Definition of a configuration key. The key list is [`KEYS`](super::table). It determines the shape of documents, the
//! names of environment variables, defaults, suggestions and `docs/configuration.md`.
//!
//! Paths in the key list contain `<id>` in place of a user-defined name, and `[]` in place of a list index, as in
//! `authentication.providers.<id>.audiences[]`. Parameters named `shape` have this form.

use std::ops::RangeInclusive;

use super::duration;

/// Definition of a configuration key: path, type, default, aliases and description.
pub(super) struct Key {
    /// Path in a document, such as `store.postgres.port`. `[]` marks a list, `<id>` a user-defined name.
    pub path: &'static str,
    /// Type of the value with its bounds, which determine what is accepted.
    pub kind: Kind,
    /// Default value as text; commas separate list elements. Empty if there is no default.
    pub default: &'static str,
    /// Equivalent properties of the replaced service. A missing index defaults to 0, a missing id to the provider
    /// `default`.
    pub aliases: &'static [&'static str],
    /// Description for `docs/configuration.md` and the JSON schema.
    #[cfg_attr(not(test), expect(dead_code, reason = "for the documentation, which a test keeps in step"))]
    pub description: &'static str,
}

/// Type of the value of a key, with its bounds.
pub(super) enum Kind {
    /// Text; the code that reads its section validates it.
    Text,
    /// Confidential text with at least this many characters. Alternatively read from a file that a sibling key with the
    /// suffix `-file` names.
    Secret(usize),
    /// Boolean: `true` or `false`, without quotes in a document.
    Flag,
    /// Whole number within these inclusive bounds.
    Number(RangeInclusive<u64>),
    /// Duration within these bounds in seconds, such as `60s`.
    Duration(RangeInclusive<u64>),
    /// A [`Self::Duration`] within these bounds, or `off`.
    DurationOrOff(RangeInclusive<u64>),
    /// One of these words. Upper and lower case are equivalent.
    Choice(&'static [&'static str]),
}

/// Suffix of keys that name a file from which a secret is read.
pub(super) const FILE_SUFFIX: &str = "-file";

impl Key {
    /// Returns the paths at which this key can be set: its own, and for a secret also the one with the suffix `-file`.
    pub(super) fn paths(&self) -> impl Iterator<Item = String> {
        let file = matches!(self.kind, Kind::Secret(_)).then(|| format!("{}{FILE_SUFFIX}", self.path));
        std::iter::once(self.path.to_owned()).chain(file)
    }
}

impl Kind {
    /// Describes the type, to follow "must be", such as "`true` or `false`".
    pub(super) fn expected(&self) -> String {
        match self {
            Self::Text | Self::Secret(_) => "text; put it in quotes".to_owned(),
            Self::Flag => "`true` or `false`".to_owned(),
            Self::Number(_) => "a whole number, without quotes".to_owned(),
            Self::Duration(_) => "a duration with its unit, such as `60s`, `5m` or `PT60S`".to_owned(),
            Self::DurationOrOff(_) => "`off`, or a duration with its unit, such as `60s`, `5m` or `PT60S`".to_owned(),
            Self::Choice(words) => format!("one of {}", quoted(words)),
        }
    }

    /// Describes the bounds, such as `from 1s to 1h`; `None` if there are none.
    pub(super) fn bounds(&self) -> Option<String> {
        match self {
            Self::Number(bounds) => Some(format!("from {} to {}", bounds.start(), bounds.end())),
            Self::Duration(bounds) | Self::DurationOrOff(bounds) => {
                Some(format!("from {} to {}", duration::shown(*bounds.start()), duration::shown(*bounds.end())))
            }
            Self::Secret(min) if *min > 1 => Some(format!("with at least {min} characters")),
            Self::Text | Self::Secret(_) | Self::Flag | Self::Choice(_) => None,
        }
    }
}

/// Returns the words of a choice, from the table that assigns them to values.
pub(super) const fn words<T, const N: usize>(table: &[(&'static str, T); N]) -> [&'static str; N] {
    let mut words = [""; N];
    let (mut from, mut to): (&[_], &mut [_]) = (table, &mut words);
    while let ([(word, _), others @ ..], [first, rest @ ..]) = (from, to) {
        *first = word;
        (from, to) = (others, rest);
    }
    words
}

/// Formats words as a list in backquotes, such as `` `a`, `b`, `c` ``.
pub(super) fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// Returns the candidate closest to `text`; `None` if the edit distance exceeds a third of its length.
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
    fn suggests_similar_names_only() {
        assert_eq!(nearest("prot", ["port", "address"].into_iter()), Some("port"));
        assert_eq!(nearest("colour", ["port", "address"].into_iter()), None);
    }
}
