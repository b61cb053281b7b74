//! An HTTP client that hides nothing: no redirects followed, no error for a status, no connection kept.

use std::time::Duration;

use reqwest::header::{HeaderMap, LOCATION};
use reqwest::{Client, Method, RequestBuilder, Url};
use serde_json::Value;

/// How long any single step may take before the test gives up: generous, as nothing is measured by it.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// A client without a pool, so that it can be shared by tests that each have their own runtime.
pub(crate) fn client() -> Client {
    Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .pool_max_idle_per_host(0)
        .no_proxy()
        .timeout(LIMIT)
        .build()
        .expect("an HTTP client")
}

/// A JSON API at a base address, asked with one identity.
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
    /// An API at `base`, asked without credentials.
    pub fn new(base: impl Into<String>) -> Self {
        Self { client: client(), base: base.into(), credentials: Credentials::None }
    }

    /// Where it is, for somebody else to talk to.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The same API from a path on.
    #[must_use]
    pub fn below(&self, path: &str) -> Self {
        Self { base: format!("{}{path}", self.base), ..self.clone() }
    }

    /// The same API, asked with a bearer token.
    #[must_use]
    pub fn bearer(&self, token: impl Into<String>) -> Self {
        Self { credentials: Credentials::Bearer(token.into()), ..self.clone() }
    }

    /// The same API, asked with HTTP Basic.
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

    /// Posts a form, as the OAuth endpoints want it.
    pub async fn post_form(&self, path: &str, form: &[(&str, &str)]) -> Reply {
        self.send(self.request(Method::POST, path).form(form)).await
    }

    /// A request with this API's credentials, for what the shorthands do not cover; [`send`](Self::send) it.
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
}

/// An answer, read to its end.
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

    /// This reply, if it has the status that the test needs to go on.
    #[must_use]
    pub fn expect_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{} answered {}: {}", self.url, self.status, self.text);
        self
    }

    /// The body, which must be JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{} answered no JSON ({error}): {}", self.url, self.text))
    }

    /// The first value of a header, if it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Where this reply redirects to.
    pub fn location(&self) -> Option<Url> {
        self.header(LOCATION.as_str()).and_then(|location| self.url.join(location).ok())
    }
}
