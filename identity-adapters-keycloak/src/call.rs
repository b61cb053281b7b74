//! Requests to Keycloak's Admin REST API, and its successful responses.

use std::time::Duration;

use identity_core::entity::{AuditEntity, EntityKind};
use identity_core::port::DirectoryError;
use identity_core::value::Secret;
use reqwest::Method;
use serde_json::Value;

use crate::error::unreadable;

/// A request to the Admin REST API, without access token. Unset members have no effect on the request.
pub(crate) struct Call<'c> {
    pub(crate) method: Method,
    /// Path segments before encoding: below the managed realm or, if `root` is set, below `/admin/realms`.
    pub(crate) segments: Vec<&'c str>,
    pub(crate) root: bool,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) body: Option<Value>,
    /// Timeout of this request; `None` applies the timeout of the settings.
    pub(crate) patience: Option<Duration>,
    /// Kind and key of the entity that error messages name.
    about: (EntityKind, &'c str),
    /// Key of the client whose service account the request changes, if any.
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

    /// Creates a `DELETE` request whose JSON body lists the items to remove, such as role mappings.
    pub(crate) fn delete_items(segments: &[&'c str], body: Value) -> Self {
        Self { body: Some(body), ..Self::new(Method::DELETE, segments) }
    }

    fn new(method: Method, segments: &[&'c str]) -> Self {
        let segments = segments.to_vec();
        let about = (EntityKind::Resource, "");
        Self { method, segments, root: false, query: Vec::new(), body: None, patience: None, about, account_of: None }
    }

    /// Sends the request to `/admin/realms` instead of the managed realm, for example to create a realm.
    pub(crate) fn of_all_realms(self) -> Self {
        Self { root: true, ..self }
    }

    /// Sets the timeout to 60 seconds, for slow operations such as generating the keys of a realm.
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

    /// Declares that the request changes the service account of the client with this key. Without it, such an account
    /// is protected.
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

    /// Whether the request may be retried: `GET` and `PUT` are idempotent and return the same response each time.
    pub(crate) fn repeatable(&self) -> bool {
        matches!(self.method, Method::GET | Method::PUT)
    }

    pub(crate) fn entity(&self) -> AuditEntity {
        AuditEntity { kind: self.about.0, key: self.about.1.to_owned() }
    }
}

/// A successful response: its `Location` header and body.
pub(crate) struct Answer {
    pub(crate) location: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Returns the id of the created entity, which is the last path segment of `Location`. Fails if the header is
    /// missing.
    pub(crate) fn created(&self) -> Result<&str, DirectoryError> {
        let last = self.location.as_deref().and_then(|location| location.rsplit('/').next());
        last.filter(|id| !id.is_empty())
            .ok_or_else(|| unreadable("the response has no `Location` of the created entity"))
    }

    /// Returns the member `value` of the JSON body, in which Keycloak returns a generated secret.
    pub(crate) fn secret(&self) -> Option<Secret> {
        let made: Value = serde_json::from_slice(&self.body).ok()?;
        made.get("value").and_then(Value::as_str).map(|value| Secret::new(value.to_owned()))
    }
}
