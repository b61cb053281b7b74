//! Discovery of an issuer's endpoints (OpenID Connect Discovery 1.0 §4, RFC 8414 §3).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use crate::http::{FetchError, Http};
use crate::settings::{fetched_url, is_loopback};

/// Discovery document. Only `issuer` and `jwks_uri` are required, because verification needs them. Issuers without user
/// sign-in, such as Kubernetes clusters and CI systems, omit most members that the standard requires.
#[derive(Deserialize)]
struct Document {
    issuer: String,
    jwks_uri: String,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// An endpoint of an issuer other than its key set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Endpoint {
    Authorization,
    Token,
    UserInfo,
    EndSession,
    Revocation,
}

impl Endpoint {
    pub(crate) const ALL: [Self; 5] =
        [Self::Authorization, Self::Token, Self::UserInfo, Self::EndSession, Self::Revocation];

    /// Returns the name of the discovery document's member that contains the URL of this endpoint.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Authorization => "authorization_endpoint",
            Self::Token => "token_endpoint",
            Self::UserInfo => "userinfo_endpoint",
            Self::EndSession => "end_session_endpoint",
            Self::Revocation => "revocation_endpoint",
        }
    }

    /// Whether browsers are redirected to this endpoint. If so, it keeps its public URL, even with a back channel.
    fn is_for_browsers(self) -> bool {
        matches!(self, Self::Authorization | Self::EndSession)
    }
}

/// The URL of an endpoint, or the reason why it cannot be used, such as "is not a URL".
pub(crate) type Found = Result<Url, &'static str>;

/// Content of a discovery document: the URL of the key set, and the endpoints.
#[derive(Clone)]
pub(crate) struct Discovered {
    pub(crate) jwks: Url,
    pub(crate) endpoints: Arc<Endpoints>,
}

/// The endpoints of an issuer. An unusable endpoint affects neither the other endpoints nor the keys.
#[derive(Default)]
pub(crate) struct Endpoints {
    urls: BTreeMap<Endpoint, Found>,
    /// Endpoints for clients with a certificate (`mtls_endpoint_aliases`, RFC 8705 §5).
    aliases: BTreeMap<Endpoint, Found>,
    /// The token endpoint as published by the issuer, not mapped to the back channel.
    pub(crate) token_as_named: Option<String>,
    /// Whether authorization responses contain `iss` (RFC 9207 §3).
    pub(crate) names_itself: bool,
    /// Supported methods of client authentication; empty if the discovery document lists none.
    pub(crate) client_authentication: Vec<String>,
}

impl Endpoints {
    pub(crate) fn url(&self, endpoint: Endpoint, with_certificate: bool) -> Found {
        let alias = with_certificate.then(|| self.aliases.get(&endpoint)).flatten();
        let found = alias.or_else(|| self.urls.get(&endpoint));
        found.cloned().unwrap_or(Err("is not in the discovery document"))
    }
}

/// Location of an issuer's discovery document, and the rules for the URLs in it.
pub(crate) struct Discovery {
    issuer: Arc<str>,
    /// Issuer URL, under which browsers reach the provider.
    front: Url,
    /// Base URL for calls from this server (back channel), as configured and parsed.
    back: Option<(String, Url)>,
    document: Url,
    allow_http: bool,
}

impl Discovery {
    pub(crate) fn new(issuer: Arc<str>, front: Url, back: Option<(String, Url)>, allow_http: bool) -> Self {
        let mut document = back.as_ref().map_or_else(|| front.clone(), |(_, url)| url.clone());
        // An issuer may end in `/` (Auth0). The path is appended to the issuer, not resolved against it (§4.1).
        document.set_path(&format!("{}/.well-known/openid-configuration", document.path().trim_end_matches('/')));
        Self { issuer, front, back, document, allow_http }
    }

    pub(crate) fn document(&self) -> &Url {
        &self.document
    }

    /// Requests and parses the discovery document. Its `issuer` must equal the configured issuer or back channel.
    pub(crate) async fn ask(&self, http: &Http) -> Result<Discovered, FetchError> {
        let body = http.get(&self.document).await?;
        let document: Document = serde_json::from_slice(&body).map_err(|error| FetchError::malformed(&error))?;
        self.read(&document)
    }

    fn read(&self, document: &Document) -> Result<Discovered, FetchError> {
        let is_back = self.back.as_ref().is_some_and(|(text, _)| *text == document.issuer);
        if *document.issuer != *self.issuer && !is_back {
            return Err(FetchError::other_issuer(&document.issuer));
        }
        let jwks = self.endpoint(&document.jwks_uri).map_err(FetchError::JwksUri)?;
        let text = |name| document.rest.get(name).and_then(Value::as_str).map(str::to_owned);
        let methods = document.rest.get("token_endpoint_auth_methods_supported").and_then(Value::as_array);
        let methods = methods.into_iter().flatten().filter_map(Value::as_str).filter(|method| method.len() <= 64);
        let endpoints = Endpoints {
            urls: self.named_in(&document.rest),
            aliases: document
                .rest
                .get("mtls_endpoint_aliases")
                .and_then(Value::as_object)
                .map_or_else(BTreeMap::new, |aliases| self.named_in(aliases)),
            token_as_named: text(Endpoint::Token.name()),
            names_itself: document.rest.get("authorization_response_iss_parameter_supported")
                == Some(&Value::Bool(true)),
            client_authentication: methods.take(16).map(str::to_owned).collect(),
        };
        Ok(Discovered { jwks, endpoints: Arc::new(endpoints) })
    }

    fn named_in(&self, members: &Map<String, Value>) -> BTreeMap<Endpoint, Found> {
        let found = Endpoint::ALL.into_iter().filter_map(|endpoint| {
            let url = match members.get(endpoint.name())? {
                Value::String(text) if endpoint.is_for_browsers() => self.front_endpoint(text),
                Value::String(text) => self.endpoint(text),
                _ => Err("is not a URL"),
            };
            Some((endpoint, url))
        });
        found.collect()
    }

    /// Returns the URL of an endpoint for browsers. A document that was requested through the back channel may contain
    /// URLs with the back channel's host; they are mapped to the issuer's.
    fn front_endpoint(&self, text: &str) -> Found {
        let url = fetched_url(text, self.allow_http)?;
        Ok(match &self.back {
            Some((_, back)) => moved(url, back, &self.front),
            None => url,
        })
    }

    fn endpoint(&self, text: &str) -> Found {
        let url = fetched_url(text, self.allow_http)?;
        let url = match &self.back {
            Some((_, back)) => moved(url, &self.front, back),
            None => url,
        };
        // A remote document must not direct this server to plain-text services on its own machine.
        if url.scheme() == "http" && !self.allow_http && !is_loopback(&self.document) {
            return Err("uses plain HTTP, which is not allowed for this issuer");
        }
        Ok(url)
    }
}

/// Rebases `url` from the base URL `from` to `to`. A URL that is not under `from` is returned unchanged.
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
        let mut rest = Map::new();
        for endpoint in [Endpoint::UserInfo, Endpoint::Token, Endpoint::Revocation] {
            rest.insert(endpoint.name().to_owned(), Value::String(jwks_uri.clone()));
        }
        let Discovered { jwks, endpoints } = discovery.read(&Document { issuer, jwks_uri, rest })?;
        for endpoint in [Endpoint::UserInfo, Endpoint::Token, Endpoint::Revocation] {
            assert_eq!(endpoints.url(endpoint, true).as_ref(), Ok(&jwks), "one rule for all");
        }
        Ok(jwks.into())
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
    fn browsers_are_never_sent_to_the_back_channel() {
        let split = discovery("https://i.example/realms/a", Some("http://kc:8080/realms/a"), true);
        for named in ["https://i.example/realms/a/auth", "http://kc:8080/realms/a/auth"] {
            let document = serde_json::json!({
                "issuer": "https://i.example/realms/a", "jwks_uri": "http://kc:8080/realms/a/certs",
                "authorization_endpoint": named, "end_session_endpoint": named,
            });
            let endpoints = split.read(&serde_json::from_value(document).unwrap()).unwrap().endpoints;
            for endpoint in [Endpoint::Authorization, Endpoint::EndSession] {
                let url = endpoints.url(endpoint, false).unwrap();
                assert_eq!(url.as_str(), "https://i.example/realms/a/auth");
            }
        }
    }

    #[test]
    fn what_is_wrong_with_an_endpoint_hinders_no_other() {
        let document = serde_json::json!({
            "issuer": "https://i.example", "jwks_uri": "https://i.example/k", "token_endpoint": 7,
            "userinfo_endpoint": "http://i.example/u", "revocation_endpoint": "https://i.example/r",
            "mtls_endpoint_aliases": {"revocation_endpoint": "https://m.i.example/r"},
            "authorization_response_iss_parameter_supported": "true",
        });
        let plain = discovery("https://i.example", None, false);
        let endpoints = plain.read(&serde_json::from_value(document).unwrap()).unwrap().endpoints;
        let url = |endpoint, with_certificate| endpoints.url(endpoint, with_certificate).map(String::from);
        assert_eq!(url(Endpoint::Token, false), Err("is not a URL"));
        assert_eq!(url(Endpoint::UserInfo, false), Err("uses plain HTTP, which is not allowed for this issuer"));
        assert_eq!(url(Endpoint::EndSession, false), Err("is not in the discovery document"));
        assert_eq!(url(Endpoint::Revocation, false).as_deref(), Ok("https://i.example/r"));
        assert_eq!(url(Endpoint::Revocation, true).as_deref(), Ok("https://m.i.example/r"));
        assert!(!endpoints.names_itself, "a claim of the wrong type is none");
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
