//! Redirect URIs of OAuth clients.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{BrokenRule, InvalidValue, plain_text};

/// A redirect URI (RFC 6749 §3.1.2) of at most 2048 characters: absolute without a fragment, or a path relative to the
/// root URL of the client, such as `/callback`. A trailing `*` matches any suffix. It is rejected where the suffix
/// could change the host, as in `https://app.example*`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RedirectUri(Box<str>);

impl RedirectUri {
    /// Validates a redirect URI.
    ///
    /// # Errors
    /// If the text does not have the form of a redirect URI, or its scheme is `javascript`, `data`, `vbscript`, `file`
    /// or `blob`.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let refuse = |form| Err(InvalidValue::new("redirect URI", BrokenRule::Form(form, String::new())));
        plain_text("redirect URI", text, 2048)?;
        if text.contains('#') || text.contains(char::is_whitespace) || text.contains('\\') {
            return refuse("a URI without fragment, white space and backslashes");
        }
        let start = text.strip_suffix('*').unwrap_or(text);
        if start.contains('*') {
            return refuse("a URI with `*` as its last character only");
        }
        if start.starts_with('/') {
            return if start.starts_with("//") { refuse("a path below the root URL") } else { Ok(Self(text.into())) };
        }
        let Some((scheme, rest)) = start.split_once(':') else {
            return refuse("an absolute URI, or a path that begins with `/`");
        };
        let scheme = scheme.to_ascii_lowercase();
        let named = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        if !named || matches!(scheme.as_str(), "javascript" | "data" | "vbscript" | "file" | "blob") {
            return refuse("a URI with a scheme that browsers can be redirected to");
        }
        if matches!(scheme.as_str(), "http" | "https") {
            let (host, path) = rest.strip_prefix("//").map_or(("", None), |rest| match rest.split_once('/') {
                Some((host, path)) => (host, Some(path)),
                None => (rest, None),
            });
            if host.is_empty() || host.contains(['@', '?']) || (path.is_none() && text.ends_with('*')) {
                return refuse("a URI with one fixed host");
            }
        } else if rest.is_empty() {
            return refuse("a URI with more than a scheme");
        }
        Ok(Self(text.into()))
    }

    /// The URI as text, not normalized.
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
