//! The mark of the installation that manages a realm.
//!
//! Two installations on one realm would each undo and inherit what the other does, as neither sees the other's store. The client
//! scope `camunda-identity` therefore names the installation that manages the realm; another one does not start, and makes no
//! change after it was taken over.

use std::time::{Duration, Instant};

use identity_core::entity::EntityKind;
use identity_core::port::DirectoryError;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use crate::Keycloak;
use crate::admin::Call;
use crate::change::{Representation, set_attributes};
use crate::wire::SCOPE;

/// The attribute of the client scope that holds the installation's id.
pub(crate) const MARK: &str = "identity.installation";
/// How long the mark is believed before it is read again.
const TTL: Duration = Duration::from_secs(5);

/// When the mark of this installation was last seen.
#[derive(Debug, Default)]
pub(crate) struct Marked(Mutex<Option<Instant>>);

#[derive(Deserialize)]
struct MarkedScope {
    id: String,
    name: String,
    #[serde(default)]
    attributes: Map<String, Value>,
}

impl Keycloak {
    /// Refuses when another installation manages the realm by now.
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
            _ => {
                Err(DirectoryError::Refused("the realm has lost the mark of this installation: restart it".to_owned()))
            }
        }
    }

    /// The client scope's id, and the installation that it names.
    async fn mark(&self) -> Result<Option<(String, Option<String>)>, DirectoryError> {
        let scopes: Vec<MarkedScope> = self.read(Call::get(&["client-scopes"])).await?;
        let scope = scopes.into_iter().find(|scope| scope.name == SCOPE);
        Ok(scope.map(|scope| {
            let mark = scope.attributes.get(MARK).and_then(Value::as_str).filter(|mark| !mark.is_empty());
            (scope.id, mark.map(str::to_owned))
        }))
    }

    /// Whether the realm has to be marked; its scope. Refuses a realm of another installation, unless it is taken over.
    pub(crate) async fn unmarked_scope(&self) -> Result<Option<String>, DirectoryError> {
        let Some(installation) = &self.shared.installation else { return Ok(None) };
        match self.mark().await? {
            Some((_, Some(mark))) if mark == installation.id => Ok(None),
            Some((_, Some(other))) if !installation.takes_over => Err(another(&other)),
            Some((scope, _)) => Ok(Some(scope)),
            None => Ok(None),
        }
    }

    /// Marks the realm as that of this installation.
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
        "the realm is managed by another installation, whose id is `{id}`: use its store, or another realm; if it is gone for \
         good, start once with `keycloak.take-over: true`"
    ))
}
