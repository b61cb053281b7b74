//! Requests to the API of a running server.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use identity_core::document::PolicyDocument;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::{ClientError, DEFAULT_URL, PASSWORD, Scope, TOKEN, Target, URL, USER};

/// Maximum time of a connection attempt.
const CONNECT: Duration = Duration::from_secs(10);
/// Maximum time until the response to a request is complete. Large documents are planned and hashed within it.
const TOTAL: Duration = Duration::from_secs(120);

/// A running server, and the caller as which it is asked.
pub(super) struct Api {
    client: reqwest::Client,
    base: Url,
    credential: Credential,
}

enum Credential {
    Token(String),
    User(String, String),
}

/// Rule that a member of a request violates.
#[derive(Debug, Deserialize)]
pub(super) struct Finding {
    pub(super) pointer: String,
    pub(super) detail: String,
}

/// Problem document of an error response.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Problem {
    detail: String,
    reason: String,
    findings: Vec<Finding>,
}

/// Reason why the server did not do what was asked.
pub(super) enum Refusal {
    /// Members of the request violate rules.
    Findings(Vec<Finding>),
    Failed(ClientError),
}

impl<E: Into<ClientError>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Api {
    pub(super) fn new(target: &Target, environment: &BTreeMap<String, String>) -> Result<Self, ClientError> {
        let given = |name: &str| environment.get(name).filter(|text| !text.is_empty()).cloned();
        let credential = match (target.user.clone().or_else(|| given(USER)), given(PASSWORD), given(TOKEN)) {
            (Some(user), Some(password), _) => Credential::User(user, password),
            (Some(_), None, _) => {
                return Err(ClientError::Unusable(format!("the password of the user is not in {PASSWORD}")));
            }
            (None, _, Some(token)) => Credential::Token(token),
            (None, _, None) => {
                return Err(ClientError::Unusable(format!("set {TOKEN}, or {USER} and {PASSWORD}")));
            }
        };
        let mut base = match &target.url {
            Some(url) => url.clone(),
            None => {
                let url = given(URL).unwrap_or_else(|| DEFAULT_URL.to_owned());
                Url::parse(&url).map_err(|error| ClientError::Unusable(format!("{URL}: {error}")))?
            }
        };
        let unusable = |error: reqwest::Error| ClientError::Unusable(error.to_string());
        let mut builder = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .timeout(TOTAL)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("identity-server/", env!("CARGO_PKG_VERSION")));
        if let Some(path) = &target.ca_file {
            let pem = fs::read(path).map_err(|error| ClientError::File(path.clone(), error))?;
            builder = builder.tls_certs_merge(reqwest::Certificate::from_pem_bundle(&pem).map_err(unusable)?);
        }
        if base.cannot_be_a_base() || !matches!(base.scheme(), "http" | "https") {
            return Err(ClientError::Unusable("the URL must begin with `https://` or `http://`".to_owned()));
        }
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        Ok(Self { client: builder.build().map_err(unusable)?, base, credential })
    }

    /// Returns the stored policies.
    pub(super) async fn export(&self) -> Result<PolicyDocument, ClientError> {
        let body = self.send(self.client.get(self.at("api/policies")?)).await;
        Ok(serde_json::from_slice(&body.map_err(Refusal::without_places)?)?)
    }

    /// Compares a document with the stored policies. `with_password` are users that will have a password.
    pub(super) async fn plan(
        &self,
        document: &Value,
        scope: &Scope,
        with_password: Vec<&str>,
    ) -> Result<Value, Refusal> {
        let body = json!({
            "document": document,
            "removal": scope.removal(),
            "name": scope.name,
            "passwords": with_password,
        });
        let body = self.send(self.client.post(self.at("api/policies/plan")?).json(&body)).await?;
        Ok(serde_json::from_slice(&body)?)
    }

    /// Sends a request to apply a document.
    pub(super) async fn apply(&self, request: &Value) -> Result<Value, Refusal> {
        let body = self.send(self.client.post(self.at("api/policies/apply")?).json(request)).await?;
        Ok(serde_json::from_slice(&body)?)
    }

    fn at(&self, path: &str) -> Result<Url, ClientError> {
        self.base.join(path).map_err(|error| ClientError::Unusable(error.to_string()))
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Vec<u8>, Refusal> {
        let request = match &self.credential {
            Credential::Token(token) => request.bearer_auth(token),
            Credential::User(user, password) => request.basic_auth(user, Some(password)),
        };
        // Without this header, a server may answer a browser's page.
        let request = request.header("accept", "application/json");
        let silent = |error: reqwest::Error| ClientError::Silent(self.base.clone(), error.without_url());
        let response = request.send().await.map_err(silent)?;
        let status = response.status();
        let body = response.bytes().await.map_err(silent)?;
        if status.is_success() {
            return Ok(body.into());
        }
        let problem: Problem = serde_json::from_slice(&body).unwrap_or_default();
        if problem.reason == "document" {
            return Err(Refusal::Findings(problem.findings));
        }
        let hint = match (status.as_u16(), problem.reason.as_str()) {
            (413, _) => " The server accepts larger documents with `server.max-body-bytes`.",
            (404, _) => " This server has no policies to export or to apply, or the URL lacks its base path.",
            _ => "",
        };
        let detail = format!("{}{hint}", problem.detail);
        Err(ClientError::Answer { status: status.as_u16(), detail }.into())
    }
}

impl Refusal {
    /// Returns the failure of a request that has no document.
    fn without_places(self) -> ClientError {
        match self {
            Self::Failed(error) => error,
            Self::Findings(findings) => ClientError::Refused(
                findings.into_iter().map(|one| format!("{} {}", one.pointer, one.detail)).collect(),
            ),
        }
    }
}
