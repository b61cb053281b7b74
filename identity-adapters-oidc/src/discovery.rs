//! Where an issuer's endpoints are (OpenID Connect Discovery 1.0 §4, RFC 8414 §3).

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::http::{FetchError, Http};
use crate::settings::{fetched_url, is_loopback};

/// The two members that verification needs, and one that it can use. Providers that issue tokens but log nobody in
/// (clusters, build systems) leave out most of what the standard requires, so nothing more is demanded.
#[derive(Deserialize)]
struct Document {
    issuer: String,
    jwks_uri: String,
    userinfo_endpoint: Option<Value>,
}

/// What an issuer says about where to ask.
#[derive(Clone)]
pub(crate) struct Endpoints {
    pub(crate) jwks: Url,
    /// Or why it cannot be asked; that does not hinder the keys.
    pub(crate) user_info: Result<Url, &'static str>,
}

/// How to ask an issuer where its endpoints are.
pub(crate) struct Discovery {
    issuer: Arc<str>,
    /// The issuer as a URL.
    front: Url,
    /// The back channel as it was configured, and as a URL.
    back: Option<(String, Url)>,
    document: Url,
    allow_http: bool,
}

impl Discovery {
    pub(crate) fn new(issuer: Arc<str>, front: Url, back: Option<(String, Url)>, allow_http: bool) -> Self {
        let mut document = back.as_ref().map_or_else(|| front.clone(), |(_, url)| url.clone());
        // An issuer may end in `/` (Auth0); the path is appended to it, not resolved against it (§4.1).
        document.set_path(&format!("{}/.well-known/openid-configuration", document.path().trim_end_matches('/')));
        Self { issuer, front, back, document, allow_http }
    }

    pub(crate) fn document(&self) -> &Url {
        &self.document
    }

    /// Asks.
    pub(crate) async fn endpoints(&self, http: &Http) -> Result<Endpoints, FetchError> {
        let body = http.get(&self.document).await?;
        let document: Document = serde_json::from_slice(&body).map_err(|error| FetchError::malformed(&error))?;
        self.read(&document)
    }

    fn read(&self, document: &Document) -> Result<Endpoints, FetchError> {
        let is_back = self.back.as_ref().is_some_and(|(text, _)| *text == document.issuer);
        if *document.issuer != *self.issuer && !is_back {
            return Err(FetchError::other_issuer(&document.issuer));
        }
        let jwks = self.endpoint(&document.jwks_uri).map_err(FetchError::JwksUri)?;
        let user_info = match &document.userinfo_endpoint {
            Some(Value::String(text)) => self.endpoint(text),
            Some(_) => Err("is not a url"),
            None => Err("is not in the discovery document"),
        };
        Ok(Endpoints { jwks, user_info })
    }

    fn endpoint(&self, text: &str) -> Result<Url, &'static str> {
        let url = fetched_url(text, self.allow_http)?;
        let url = match &self.back {
            Some((_, back)) => moved(url, &self.front, back),
            None => url,
        };
        // A remote document may not send this server to plain-text services of its own machine.
        if url.scheme() == "http" && !self.allow_http && !is_loopback(&self.document) {
            return Err("is plain http, which is not allowed for this issuer");
        }
        Ok(url)
    }
}

/// `url` under `to`, if it is under `from`; otherwise as it is.
fn moved(url: Url, from: &Url, to: &Url) -> Url {
    let rest = url.path().strip_prefix(from.path().trim_end_matches('/'));
    match rest {
        Some(rest) if url.origin() == from.origin() && (rest.is_empty() || rest.starts_with('/')) => {
            let mut there = to.clone();
            there.set_path(&format!("{}{rest}", to.path().trim_end_matches('/')));
            there.set_query(url.query());
            there
        }
        _ => url,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn discovery(issuer: &str, back: Option<&str>, allow_http: bool) -> Discovery {
        let url = |text: &str| Url::parse(text).unwrap();
        Discovery::new(Arc::from(issuer), url(issuer), back.map(|text| (text.to_owned(), url(text))), allow_http)
    }

    fn read(discovery: &Discovery, issuer: &str, jwks_uri: &str) -> Result<String, FetchError> {
        let (issuer, jwks_uri) = (issuer.to_owned(), jwks_uri.to_owned());
        let document = Document { issuer, userinfo_endpoint: Some(Value::String(jwks_uri.clone())), jwks_uri };
        let endpoints = discovery.read(&document)?;
        assert_eq!(endpoints.user_info.as_ref(), Ok(&endpoints.jwks), "one rule for both");
        Ok(endpoints.jwks.into())
    }

    #[test]
    fn the_document_is_below_the_issuer_or_the_back_channel() {
        for (issuer, back, expected) in [
            ("https://i.example", None, "https://i.example/.well-known/openid-configuration"),
            ("https://i.example/", None, "https://i.example/.well-known/openid-configuration"),
            ("https://i.example/realms/a", None, "https://i.example/realms/a/.well-known/openid-configuration"),
            (
                "https://i.example/a/",
                Some("https://b.example/c/"),
                "https://b.example/c/.well-known/openid-configuration",
            ),
        ] {
            assert_eq!(discovery(issuer, back, false).document().as_str(), expected);
        }
    }

    #[test]
    fn the_document_must_name_the_issuer_byte_for_byte() {
        let plain = discovery("https://i.example/a", None, false);
        assert!(read(&plain, "https://i.example/a", "https://i.example/k").is_ok());
        for other in ["https://i.example/a/", "https://I.example/a", "https://evil.example/a", ""] {
            assert_eq!(read(&plain, other, "https://i.example/k"), Err(FetchError::Issuer(other.to_owned())));
        }
        let split = discovery("https://i.example/a", Some("https://b.example/a"), false);
        assert!(read(&split, "https://b.example/a", "https://b.example/k").is_ok());
        assert!(read(&split, "https://c.example/a", "https://b.example/k").is_err());
    }

    #[test]
    fn keys_under_the_issuer_are_asked_through_the_back_channel() {
        let split = discovery("https://i.example/auth/realms/a", Some("http://kc:8080/auth/realms/a"), true);
        for (named, asked) in [
            ("https://i.example/auth/realms/a/certs?v=1", "http://kc:8080/auth/realms/a/certs?v=1"),
            ("https://i.example/auth/realms/a", "http://kc:8080/auth/realms/a"),
            ("https://i.example/auth/realms/ab/certs", "https://i.example/auth/realms/ab/certs"),
            (
                "https://i.example.evil.example/auth/realms/a/certs",
                "https://i.example.evil.example/auth/realms/a/certs",
            ),
            ("http://kc:8080/auth/realms/a/certs", "http://kc:8080/auth/realms/a/certs"),
        ] {
            assert_eq!(read(&split, "https://i.example/auth/realms/a", named).as_deref(), Ok(asked));
        }
    }

    #[test]
    fn plain_http_is_for_those_who_asked_for_it_and_for_this_machine() {
        let issuer = "https://i.example";
        assert!(read(&discovery(issuer, None, false), issuer, "http://i.example/k").is_err());
        assert!(read(&discovery(issuer, None, false), issuer, "http://127.0.0.1/k").is_err());
        assert!(read(&discovery(issuer, None, false), issuer, "file:///etc/passwd").is_err());
        assert!(read(&discovery(issuer, None, true), issuer, "http://i.example/k").is_ok());
        let local = "http://localhost:9000";
        assert!(read(&discovery(local, None, false), local, "http://127.0.0.1:9000/k").is_ok());
        assert!(read(&discovery(local, None, false), local, "http://i.example/k").is_err());
    }
}
