//! Mark of the installation that manages a realm.
//!
//! Installations with different stores must not manage the same realm, because they would undo each other's changes.
//! The client scope `camunda-identity` therefore stores the id of the managing installation. Another installation does
//! not start, and an installation makes no more changes after its realm was taken over.

use std::time::{Duration, Instant};

use identity_core::entity::EntityKind;
use identity_core::port::DirectoryError;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::Keycloak;
use crate::call::Call;
use crate::change::{Representation, set_attributes};
use crate::wire::SCOPE;

/// Attribute of the client scope `camunda-identity` that stores the id of the installation.
pub(crate) const MARK: &str = "identity.installation";
/// How long a successful check of the mark is cached.
const TTL: Duration = Duration::from_secs(5);

#[derive(Deserialize)]
struct MarkedScope {
    id: String,
    name: String,
    #[serde(default)]
    attributes: Map<String, Value>,
}

impl Keycloak {
    /// Checks that the realm has the mark of this installation. A successful check is cached for 5 seconds.
    pub(crate) async fn must_be_marked(&self) -> Result<(), DirectoryError> {
        let Some(installation) = &self.shared.installation else { return Ok(()) };
        let mut seen = self.shared.marked.0.lock().await;
        if seen.is_some_and(|seen| seen.elapsed() < TTL) {
            return Ok(());
        }
        let asked = Instant::now();
        match self.mark().await? {
            Some((_, mark)) if mark.as_deref() == Some(installation.id.as_str()) => {
                *seen = Some(asked);
                Ok(())
            }
            Some((_, Some(other))) => Err(another(&other)),
            _ => Err(DirectoryError::Refused(
                "the realm no longer contains the mark of this installation; restart the server to restore it"
                    .to_owned(),
            )),
        }
    }

    /// Returns the id of the client scope, and the installation id in its mark, if any. `None` if the client scope does
    /// not exist.
    async fn mark(&self) -> Result<Option<(String, Option<String>)>, DirectoryError> {
        let scopes: Vec<MarkedScope> = self.read(Call::get(&["client-scopes"])).await?;
        let scope = scopes.into_iter().find(|scope| scope.name == SCOPE);
        Ok(scope.map(|scope| {
            let mark = scope.attributes.get(MARK).and_then(Value::as_str).filter(|mark| !mark.is_empty());
            (scope.id, mark.map(str::to_owned))
        }))
    }

    /// Returns the id of the client scope, if this installation still has to set its mark there. Fails if another
    /// installation manages the realm, unless the settings request a take-over.
    pub(crate) async fn unmarked_scope(&self) -> Result<Option<String>, DirectoryError> {
        let Some(installation) = &self.shared.installation else { return Ok(None) };
        match self.mark().await? {
            Some((_, Some(mark))) if mark == installation.id => Ok(None),
            Some((_, Some(other))) if !installation.takes_over => Err(another(&other)),
            Some((scope, _)) => Ok(Some(scope)),
            None => Ok(None),
        }
    }

    /// Stores the id of this installation in the client scope with the id `scope`.
    pub(crate) async fn set_mark(&self, scope: &str) -> Result<(), DirectoryError> {
        let Some(installation) = &self.shared.installation else { return Ok(()) };
        let path = ["client-scopes", scope];
        let of = Representation { path: &path, kind: EntityKind::Resource, key: scope, unique: SCOPE, guarded: &[] };
        let set = |body: &mut Map<String, Value>| {
            set_attributes(body, [(MARK, installation.id.clone())]);
            Ok(())
        };
        self.rewrite(of, set).await.map(|_| ())
    }
}

fn another(id: &str) -> DirectoryError {
    DirectoryError::Refused(format!(
        "the realm is managed by another installation, `{id}`; use its store, or another realm; if it no longer \
         exists, start once with `keycloak.take-over: true`"
    ))
}
