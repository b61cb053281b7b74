//! Requests to Keycloak, and its responses.

use std::time::Duration;

use identity_core::entity::{AuditEntity, EntityKind};
use identity_core::port::DirectoryError;
use identity_core::value::Secret;
use reqwest::Method;
use serde_json::Value;

use crate::error::unreadable;

/// A request to the Admin REST API.
pub(crate) struct Call<'c> {
    pub(crate) method: Method,
    /// The path below the managed realm, or below all realms if `root` is set.
    pub(crate) segments: Vec<&'c str>,
    pub(crate) root: bool,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) body: Option<Value>,
    /// Timeout of the request, where the default is too short.
    pub(crate) patience: Option<Duration>,
    /// The entity in error messages.
    about: (EntityKind, &'c str),
    /// The client whose service account the request changes.
    account_of: Option<&'c str>,
}

impl<'c> Call<'c> {
    pub(crate) fn get(segments: &[&'c str]) -> Self {
        Self::new(Method::GET, segments)
    }

    pub(crate) fn post(segments: &[&'c str], body: Value) -> Self {
        Self { body: Some(body), ..Self::new(Method::POST, segments) }
    }

    pub(crate) fn put(segments: &[&'c str], body: Value) -> Self {
        Self { body: Some(body), ..Self::new(Method::PUT, segments) }
    }

    pub(crate) fn delete(segments: &[&'c str]) -> Self {
        Self::new(Method::DELETE, segments)
    }

    /// A `DELETE` request that removes the items in its body from a list.
    pub(crate) fn delete_items(segments: &[&'c str], body: Value) -> Self {
        Self { body: Some(body), ..Self::new(Method::DELETE, segments) }
    }

    fn new(method: Method, segments: &[&'c str]) -> Self {
        let segments = segments.to_vec();
        let about = (EntityKind::Resource, "");
        Self { method, segments, root: false, query: Vec::new(), body: None, patience: None, about, account_of: None }
    }

    /// Resolves the path below all realms instead of the managed realm.
    pub(crate) fn of_all_realms(self) -> Self {
        Self { root: true, ..self }
    }

    /// Allows 60 seconds, for slow operations such as generating the keys of a realm.
    pub(crate) fn patiently(self) -> Self {
        Self { patience: Some(Duration::from_secs(60)), ..self }
    }

    pub(crate) fn query(mut self, name: &'static str, value: impl ToString) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    pub(crate) fn about(self, kind: EntityKind, key: &'c str) -> Self {
        Self { about: (kind, key), ..self }
    }

    /// Declares that the request changes the service account of this client.
    pub(crate) fn for_account_of(self, client: &'c str) -> Self {
        Self { account_of: Some(client), ..self }
    }

    pub(crate) fn segments(&self) -> &[&'c str] {
        &self.segments
    }

    pub(crate) fn body(&self) -> Option<&Value> {
        self.body.as_ref()
    }

    pub(crate) fn account_of(&self) -> Option<&'c str> {
        self.account_of
    }

    pub(crate) fn is_question(&self) -> bool {
        self.method == Method::GET
    }

    pub(crate) fn creates(&self) -> bool {
        self.method == Method::POST
    }

    pub(crate) fn replaces(&self) -> bool {
        self.method == Method::PUT
    }

    pub(crate) fn deletes(&self) -> bool {
        self.method == Method::DELETE
    }

    /// Whether the request is idempotent, and its response is the same each time.
    pub(crate) fn repeatable(&self) -> bool {
        matches!(self.method, Method::GET | Method::PUT)
    }

    pub(crate) fn entity(&self) -> AuditEntity {
        AuditEntity { kind: self.about.0, key: self.about.1.to_owned() }
    }
}

/// A successful response.
pub(crate) struct Answer {
    pub(crate) location: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The id of the created entity: the last segment of the `Location`.
    pub(crate) fn created(&self) -> Result<&str, DirectoryError> {
        let last = self.location.as_deref().and_then(|location| location.rsplit('/').next());
        last.filter(|id| !id.is_empty())
            .ok_or_else(|| unreadable("the response has no `Location` of the created entity"))
    }

    /// The generated secret.
    pub(crate) fn secret(&self) -> Option<Secret> {
        let made: Value = serde_json::from_slice(&self.body).ok()?;
        made.get("value").and_then(Value::as_str).map(|value| Secret::new(value.to_owned()))
    }
}
