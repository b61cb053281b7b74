//! Where browsers are sent back to after they signed in.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{BrokenRule, InvalidValue, plain_text};

/// A redirect URI (RFC 6749 §3.1.2): absolute and without a fragment, or a path below the client's own root URL. The last
/// character may be `*`, for everything that begins so; a `*` that would leave the host open is refused.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RedirectUri(Box<str>);

impl RedirectUri {
    /// # Errors
    /// When the text is not such a URI.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let refuse = |form| Err(InvalidValue::new("redirect uri", BrokenRule::Form(form, String::new())));
        plain_text("redirect uri", text, 2048)?;
        if text.contains('#') || text.contains(char::is_whitespace) || text.contains('\\') {
            return refuse("a uri without fragment and white space");
        }
        let start = text.strip_suffix('*').unwrap_or(text);
        if start.contains('*') {
            return refuse("a uri in which only the last character is `*`");
        }
        if start.starts_with('/') {
            return if start.starts_with("//") { refuse("a path below the root url") } else { Ok(Self(text.into())) };
        }
        let Some((scheme, rest)) = start.split_once(':') else {
            return refuse("absolute, or a path that begins with `/`");
        };
        let scheme = scheme.to_ascii_lowercase();
        let named = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        if !named || matches!(scheme.as_str(), "javascript" | "data" | "vbscript" | "file" | "blob") {
            return refuse("of a scheme that a browser can be sent to");
        }
        if matches!(scheme.as_str(), "http" | "https") {
            let (host, path) = rest.strip_prefix("//").map_or(("", None), |rest| match rest.split_once('/') {
                Some((host, path)) => (host, Some(path)),
                None => (rest, None),
            });
            if host.is_empty() || host.contains(['@', '?']) || (path.is_none() && text.ends_with('*')) {
                return refuse("of one host");
            }
        } else if rest.is_empty() {
            return refuse("more than a scheme");
        }
        Ok(Self(text.into()))
    }

    /// The URI as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RedirectUri {
    type Error = InvalidValue;
    fn try_from(text: String) -> Result<Self, InvalidValue> {
        Self::parse(&text)
    }
}

impl From<RedirectUri> for String {
    fn from(uri: RedirectUri) -> Self {
        uri.0.into()
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_ones_and_paths() {
        for good in [
            "https://app.example/callback",
            "https://app.example/*",
            "http://127.0.0.1:8080/auth/login-callback",
            "com.example.app:/callback",
            "/callback",
            "/*",
            "/dummy",
        ] {
            assert!(RedirectUri::parse(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn nothing_that_opens_a_host_or_runs() {
        for bad in [
            "",
            "*",
            "https://*",
            "https://app.example*",
            "https://*.example/",
            "//evil.example/",
            "https://a@evil.example/",
            "https:///x",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://app.example/#x",
            "https://app.example/a b",
            "callback",
            "app:",
        ] {
            assert!(RedirectUri::parse(bad).is_err(), "{bad}");
        }
    }
}
