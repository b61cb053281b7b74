//! What Keycloak is asked, and what it answered.

use std::time::Duration;

use identity_core::entity::{AuditEntity, EntityKind};
use identity_core::port::DirectoryError;
use identity_core::value::Secret;
use reqwest::Method;
use serde_json::Value;

use crate::admin::unreadable;

/// What to ask.
pub(crate) struct Call<'c> {
    pub(crate) method: Method,
    /// Below the managed realm; everything, when `root` is set.
    pub(crate) segments: Vec<&'c str>,
    pub(crate) root: bool,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) body: Option<Value>,
    /// How long to wait for the answer, when the usual bound is too short.
    pub(crate) patience: Option<Duration>,
    /// What it is about.
    about: (EntityKind, &'c str),
    /// The client whose service account the change is about.
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

    /// Adds what is listed to something, or takes it away.
    pub(crate) fn change(segments: &[&'c str], add: bool, body: Value) -> Self {
        Self { body: Some(body), ..Self::new(if add { Method::POST } else { Method::DELETE }, segments) }
    }

    fn new(method: Method, segments: &[&'c str]) -> Self {
        let segments = segments.to_vec();
        let about = (EntityKind::Resource, "");
        Self { method, segments, root: false, query: Vec::new(), body: None, patience: None, about, account_of: None }
    }

    /// Not below the managed realm.
    pub(crate) fn of_all_realms(self) -> Self {
        Self { root: true, ..self }
    }

    /// For what takes its time, such as a realm's keys.
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

    /// The change is about the service account of this client.
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

    /// Whether the call is idempotent, with the same answer each time.
    pub(crate) fn repeatable(&self) -> bool {
        matches!(self.method, Method::GET | Method::PUT)
    }

    pub(crate) fn entity(&self) -> AuditEntity {
        AuditEntity { kind: self.about.0, key: self.about.1.to_owned() }
    }
}

/// What Keycloak answered to something that it did.
pub(crate) struct Answer {
    pub(crate) location: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The id of what was created: the last segment of where it is.
    pub(crate) fn created(&self) -> Result<&str, DirectoryError> {
        let last = self.location.as_deref().and_then(|location| location.rsplit('/').next());
        last.filter(|id| !id.is_empty()).ok_or_else(|| unreadable("it does not say where it created something"))
    }

    /// The secret that was made.
    pub(crate) fn secret(&self) -> Option<Secret> {
        let made: Value = serde_json::from_slice(&self.body).ok()?;
        made.get("value").and_then(Value::as_str).map(|value| Secret::new(value.to_owned()))
    }
}
