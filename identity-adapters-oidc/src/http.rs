//! HTTP calls to providers, with limits on time and size, and without redirects.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use oauth2::HttpRequest;
use reqwest::{Certificate, Client, Identity, RequestBuilder, Response, StatusCode, header, redirect};
use url::Url;

use crate::settings_error::SettingsProblem;

/// Timeouts, size limit and trust anchors of calls to providers.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Timeout of a connection attempt (default: 3 s).
    pub connect_timeout: Duration,
    /// Timeout for the complete response (default: 5 s).
    pub total_timeout: Duration,
    /// Maximum size of a response body in bytes (default: 512 KiB).
    pub max_response_bytes: usize,
    /// PEM bundle of certificate authorities to trust in addition to the platform's (default: none).
    pub extra_ca_pem: Option<Vec<u8>>,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(3),
            total_timeout: Duration::from_secs(5),
            max_response_bytes: 512 * 1024,
            extra_ca_pem: None,
        }
    }
}

/// Builds a client for calls to providers. It follows no redirects: documents must be at their configured or discovered
/// URLs.
///
/// It keeps no idle connections, because calls are minutes apart and one client may serve several runtimes.
///
/// # Errors
/// If the extra authorities are not PEM certificates, or TLS cannot be set up.
pub fn http_client(settings: &HttpSettings) -> Result<Client, SettingsProblem> {
    client(settings, None)
}

fn client(settings: &HttpSettings, identity: Option<Identity>) -> Result<Client, SettingsProblem> {
    let unusable = |error: reqwest::Error| SettingsProblem::Http(chain(&error));
    let authorities = match &settings.extra_ca_pem {
        Some(pem) => Certificate::from_pem_bundle(pem).map_err(unusable)?,
        None => Vec::new(),
    };
    if settings.extra_ca_pem.is_some() && authorities.is_empty() {
        return Err(SettingsProblem::Http("the extra certificate authorities contain no certificate".to_owned()));
    }
    let builder = match identity {
        Some(identity) => Client::builder().identity(identity),
        None => Client::builder(),
    };
    builder
        .connect_timeout(settings.connect_timeout)
        .timeout(settings.total_timeout)
        .redirect(redirect::Policy::none())
        .pool_max_idle_per_host(0)
        .tls_certs_merge(authorities)
        .user_agent(concat!("identity/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(unusable)
}

/// An HTTP client that enforces the response size limit, which `reqwest` does not.
#[derive(Clone)]
pub(crate) struct Http {
    client: Client,
    settings: Arc<HttpSettings>,
}

/// Status and body of a response. Any status is possible.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Http {
    pub(crate) fn new(settings: &HttpSettings) -> Result<Self, SettingsProblem> {
        Ok(Self { client: http_client(settings)?, settings: Arc::new(settings.clone()) })
    }

    /// Returns a client with the same settings that presents a client certificate. `pem` contains the certificate, its
    /// intermediates and its private key.
    pub(crate) fn showing(&self, pem: &[u8]) -> Result<Self, String> {
        let identity = Identity::from_pem(pem).map_err(|error| chain(&error))?;
        let client = client(&self.settings, Some(identity)).map_err(|problem| problem.to_string())?;
        Ok(Self { client, settings: Arc::clone(&self.settings) })
    }

    /// Sends a `GET` request and returns the body. Any status other than 200 is an error.
    pub(crate) async fn get(&self, url: &Url) -> Result<Vec<u8>, FetchError> {
        self.fetch(self.client.get(url.clone())).await
    }

    /// Like [`Self::get`], with a bearer token.
    pub(crate) async fn get_as(&self, url: &Url, token: &str) -> Result<Vec<u8>, FetchError> {
        self.fetch(self.client.get(url.clone()).bearer_auth(token)).await
    }

    /// Sends a request that `oauth2` prepared to `url`, and returns the response, whatever its status.
    pub(crate) async fn post(&self, url: &Url, prepared: HttpRequest) -> Result<Answer, FetchError> {
        let (mut parts, body) = prepared.into_parts();
        if let Some(credentials) = parts.headers.get_mut(header::AUTHORIZATION) {
            credentials.set_sensitive(true);
        }
        let request = self.client.post(url.clone()).headers(parts.headers).body(body);
        let response = request.send().await.map_err(FetchError::from_transport)?;
        Ok(Answer { status: response.status().as_u16(), body: self.body(response).await? })
    }

    async fn fetch(&self, request: RequestBuilder) -> Result<Vec<u8>, FetchError> {
        let request = request.header(header::ACCEPT, "application/json");
        let response = request.send().await.map_err(FetchError::from_transport)?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::from_status(&response));
        }
        self.body(response).await
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>, FetchError> {
        let limit = self.settings.max_response_bytes;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(FetchError::from_transport)? {
            if body.len() + chunk.len() > limit {
                return Err(FetchError::TooLarge(limit));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

/// Reason why a request to a provider failed, or why its document cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("timed out")]
    Timeout,
    #[error("{0}")]
    Unreachable(String),
    #[error("answered with status {0}")]
    Status(u16),
    #[error(
        "answered with status {status}, a redirect to {to}; redirects are not followed; set `issuer` to the exact \
         value in the provider's discovery document, or `backend-url` or `jwks-url` to the location of its documents"
    )]
    Redirect { status: u16, to: String },
    #[error("answered with more than {0} bytes")]
    TooLarge(usize),
    #[error("answered with a malformed body: {0}")]
    Malformed(String),
    #[error("has another issuer: {0}")]
    Issuer(String),
    #[error("has an unusable `jwks_uri`: it {0}")]
    JwksUri(&'static str),
    #[error("has no usable `userinfo_endpoint`: it {0}")]
    UserInfoEndpoint(&'static str),
}

impl FetchError {
    fn from_transport(error: reqwest::Error) -> Self {
        if error.is_timeout() {
            return Self::Timeout;
        }
        let reason = chain(&error.without_url());
        match advice(&reason) {
            Some(advice) => Self::Unreachable(format!("{reason}: {advice}")),
            None => Self::Unreachable(reason),
        }
    }

    /// Returns the error for an unsuccessful status. A redirect's target is included without credentials, query and
    /// fragment, which may be secret.
    fn from_status(response: &Response) -> Self {
        let status = response.status().as_u16();
        let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
        let target = location.and_then(|location| response.url().join(location).ok());
        match target.filter(|_| response.status().is_redirection()) {
            Some(mut to) => {
                to.set_query(None);
                to.set_fragment(None);
                let _ = (to.set_username(""), to.set_password(None));
                Self::Redirect { status, to: excerpt(to.as_str()) }
            }
            None => Self::Status(status),
        }
    }

    pub(crate) fn malformed(error: &serde_json::Error) -> Self {
        Self::Malformed(excerpt(&error.to_string()))
    }

    pub(crate) fn other_issuer(named: &str) -> Self {
        Self::Issuer(excerpt(named))
    }

    /// Whether a retry may succeed: no response, or status 429 or 5xx (RFC 9110 §15.6, RFC 6585 §4).
    pub(crate) fn is_outage(&self) -> bool {
        matches!(self, Self::Timeout | Self::Unreachable(_) | Self::Status(429 | 500..))
    }

    /// Returns a label value for metrics, from a closed set.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Unreachable(_) => "unreachable",
            Self::Status(_) | Self::Redirect { .. } => "status",
            Self::TooLarge(_) => "too_large",
            Self::Malformed(_) => "malformed",
            Self::Issuer(_) => "other_issuer",
            Self::JwksUri(_) => "jwks_uri",
            Self::UserInfoEndpoint(_) => "userinfo_endpoint",
        }
    }
}

/// Returns advice for the operator on a certificate that was rejected in the TLS handshake. `None` if there is none for
/// this reason.
fn advice(reason: &str) -> Option<&'static str> {
    if reason.contains("CaUsedAsEndEntity") {
        Some(
            "the server presents the certificate of a certificate authority (`CA:TRUE`), which is not a server \
             certificate; create one with `basicConstraints=CA:FALSE`, or have the authority sign one, and add that \
             certificate or the authority's to `authentication.ca-file`",
        )
    } else if reason.contains("UnknownIssuer") {
        Some("the certificate authority is not trusted; add its certificate to `authentication.ca-file`")
    } else if reason.contains("NotValidForName") {
        Some("the certificate is for another host name; use a host name of the certificate in the URL")
    } else {
        None
    }
}

/// Formats an error and its causes on one line, separated by colons.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

/// Returns the first 200 characters of an external text, escaped to one line.
pub(crate) fn excerpt(text: &str) -> String {
    text.chars().take(200).flat_map(|c| c.escape_debug()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_certificate_comes_with_advice() {
        let refused = |error: &str| advice(&format!("error sending request: invalid peer certificate: {error}"));
        for (error, hint) in [
            ("Other(OtherError(CaUsedAsEndEntity))", "CA:FALSE"),
            ("UnknownIssuer", "authentication.ca-file"),
            ("NotValidForName", "host name"),
        ] {
            assert!(refused(error).is_some_and(|advice| advice.contains(hint)), "{error}");
        }
        assert_eq!(refused("Expired"), None);
    }
}
