//! Redirect targets on the origin of this server.

use std::fmt;

use super::{BrokenRule, CharacterSet, InvalidValue};

/// A path with optional query and fragment, such as `/groups?page=2`, to which a browser can be redirected safely. It
/// never leads to another origin, so it prevents open redirects (RFC 9700 §4.11).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalPath(String);

impl LocalPath {
    /// Maximum length, in bytes.
    pub const MAX: usize = 2048;

    /// Validates a path.
    ///
    /// # Errors
    /// If the text does not begin with exactly one `/`, exceeds [`Self::MAX`] bytes, or contains a character that is
    /// not allowed in URLs, that browsers remove, or that browsers treat as `/`.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let refuse = |rule| Err(InvalidValue::new("return target", rule));
        if text.len() > Self::MAX {
            return refuse(BrokenRule::TooLong(Self::MAX));
        }
        if !text.starts_with('/') || text.starts_with("//") {
            return refuse(BrokenRule::Form("a path on this site, such as `/groups`", String::new()));
        }
        // Browsers remove tabs and line breaks, and treat `\` as `/` (URL Standard, "basic URL parser").
        if !text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'"' | b'<' | b'>' | b'`')) {
            return refuse(BrokenRule::Characters(CharacterSet::Url));
        }
        Ok(Self(text.to_owned()))
    }

    /// The path with its query and fragment, unchanged.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LocalPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_places_on_this_site() {
        for good in ["/", "/groups?page=2#x", "/a/../b", "/%2Fevil.example", "/x//y"] {
            assert!(LocalPath::parse(good).is_ok(), "{good}");
        }
        let long = format!("/{}", "a".repeat(LocalPath::MAX));
        for bad in [
            "",
            "groups",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n",
            " /",
            "https://evil.example",
            "javascript:alert(1)",
            "/ü",
            "/\"><script>",
            "/a b",
            long.as_str(),
        ] {
            assert!(LocalPath::parse(bad).is_err(), "{bad:?}");
        }
    }
}
