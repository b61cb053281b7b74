//! HTTP client that follows no redirects, treats no status as an error and keeps no connections.

use std::time::Duration;

use reqwest::header::{HeaderMap, LOCATION};
use reqwest::{Client, Method, RequestBuilder, Url};
use serde_json::Value;

/// Timeout of a single step. It is generous, because it measures nothing.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// Returns a client without a connection pool, so that tests with separate runtimes can share it.
pub(crate) fn client() -> Client {
    Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .pool_max_idle_per_host(0)
        .no_proxy()
        .timeout(LIMIT)
        .build()
        .expect("an HTTP client")
}

/// Client for a JSON API at a base URL, with one set of credentials.
#[derive(Clone)]
pub struct Api {
    client: Client,
    base: String,
    credentials: Credentials,
}

#[derive(Clone)]
enum Credentials {
    None,
    Bearer(String),
    Basic(String, String),
}

impl Api {
    /// Creates a client for the API at `base`, without credentials.
    pub fn new(base: impl Into<String>) -> Self {
        Self { client: client(), base: base.into(), credentials: Credentials::None }
    }

    /// Returns the base URL.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Returns a client whose base URL is extended by `path`.
    #[must_use]
    pub fn below(&self, path: &str) -> Self {
        Self { base: format!("{}{path}", self.base), ..self.clone() }
    }

    /// Returns a client that sends a bearer token.
    #[must_use]
    pub fn bearer(&self, token: impl Into<String>) -> Self {
        Self { credentials: Credentials::Bearer(token.into()), ..self.clone() }
    }

    /// Returns a client that uses HTTP Basic authentication.
    #[must_use]
    pub fn basic(&self, user: impl Into<String>, password: impl Into<String>) -> Self {
        Self { credentials: Credentials::Basic(user.into(), password.into()), ..self.clone() }
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.send(self.request(Method::DELETE, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Reply {
        self.send(self.request(Method::PUT, path).json(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Reply {
        self.send(self.request(Method::PATCH, path).json(body)).await
    }

    /// Posts a form (`application/x-www-form-urlencoded`), as the OAuth endpoints require.
    pub async fn post_form(&self, path: &str, form: &[(&str, &str)]) -> Reply {
        self.send(self.request(Method::POST, path).form(form)).await
    }

    /// Builds a request with the credentials of this client that the other methods do not cover, for
    /// [`send`](Self::send).
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base));
        match &self.credentials {
            Credentials::None => request,
            Credentials::Bearer(token) => request.bearer_auth(token),
            Credentials::Basic(user, password) => request.basic_auth(user, Some(password)),
        }
    }

    pub async fn send(&self, request: RequestBuilder) -> Reply {
        Reply::of(request).await
    }

    /// Sends a request like [`send`](Self::send), but returns transport errors.
    ///
    /// # Errors
    /// When the request fails without a complete response.
    pub async fn try_send(&self, request: RequestBuilder) -> reqwest::Result<Reply> {
        Reply::try_of(request).await
    }
}

/// Response with its complete body.
#[derive(Debug)]
pub struct Reply {
    pub url: Url,
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Reply {
    pub(crate) async fn of(request: RequestBuilder) -> Self {
        Self::try_of(request).await.expect("an HTTP answer")
    }

    pub(crate) async fn try_of(request: RequestBuilder) -> reqwest::Result<Self> {
        let response = request.send().await?;
        let (url, status, headers) = (response.url().clone(), response.status().as_u16(), response.headers().clone());
        Ok(Self { url, status, headers, text: response.text().await? })
    }

    /// Returns the response after asserting its status.
    #[must_use]
    pub fn expect_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{} answered {}: {}", self.url, self.status, self.text);
        self
    }

    /// Parses the body, which must be JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{} answered no JSON ({error}): {}", self.url, self.text))
    }

    /// Returns the first value of a header, if it is present and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Returns the redirect target, resolved against the request URL.
    pub fn location(&self) -> Option<Url> {
        self.header(LOCATION.as_str()).and_then(|location| self.url.join(location).ok())
    }
}
