//! Versions of entities, for optimistic concurrency control.

use std::fmt;
use std::hash::BuildHasher;

use foldhash::quality::FixedState;
use serde::Serialize;

/// Version of an entity: a digest of its fields. Equal fields have equal versions, on every replica of the same release.
///
/// A change that states the version on which it is based is refused if the entity has another version by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Version(u64);

impl Version {
    /// Returns the version of an entity with these fields. Secrets must not be among them.
    #[must_use]
    pub fn of(fields: &impl Serialize) -> Self {
        // Values of the domain always serialize. Otherwise, all versions would be equal, and no change would be refused.
        let fields = serde_json::to_vec(fields).unwrap_or_default();
        Self(FixedState::with_seed(0).hash_one(fields))
    }

    /// Parses the text form: 16 lowercase hexadecimal digits. `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let number = u64::from_str_radix(text, 16).ok().map(Self)?;
        (number.to_string() == text).then_some(number)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Versions of an entity for which a change is meant. The change is refused if the entity has none of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExpectedVersions(Vec<Version>);

impl ExpectedVersions {
    /// Whether the change may be applied to this version.
    #[must_use]
    pub fn include(&self, version: Version) -> bool {
        self.0.contains(&version)
    }
}

impl FromIterator<Version> for ExpectedVersions {
    fn from_iter<I: IntoIterator<Item = Version>>(versions: I) -> Self {
        Self(versions.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_follows_the_fields_and_is_read_as_written() {
        let (version, other) = (Version::of(&("sales", "Sales")), Version::of(&("sales", "Sales EU")));
        assert_eq!(version, Version::of(&("sales", "Sales")));
        assert_ne!(version, other);
        assert_eq!(Version::parse(&version.to_string()), Some(version));
        assert!(
            ["", "1", "+000000000000001", "00000000000000001", "000000000000000G"]
                .map(Version::parse)
                .iter()
                .all(Option::is_none)
        );
        assert!(ExpectedVersions::from_iter([version]).include(version));
        assert!(!ExpectedVersions::from_iter([version]).include(other));
        assert!(!ExpectedVersions::default().include(version));
    }
}
