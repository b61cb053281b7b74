//! Lock-out protection: refuses a change that removes this service's own API, or after which no principal holds the
//! permission `write` of this API.
//!
//! Enabled users and the service accounts of enabled clients count as principals, except for this server's own client.
//! They hold the permission directly, through composite roles, through groups or through parent groups.
//!
//! A change that can take the permission away holds the lock of administrators until Keycloak has answered, so that two
//! such changes cannot remove the last two administrators at the same time.

use std::time::Duration;

use identity_core::entity::EntityKind;
use identity_core::port::{DirectoryError, EntityLock};
use identity_core::preset::{IDENTITY_AUDIENCE, READ, WRITE};
use serde_json::Value;
use tokio::time::timeout;

use super::administrators::Search;
use super::loss::Loss;
use super::{Guard, because, protected_one};
use crate::call::Call;

/// Maximum time for the search for a remaining administrator.
const DEADLINE: Duration = Duration::from_secs(10);
/// Members of the own API's representation that may change. They do not affect access.
const FREE: [&str; 2] = ["description", "name"];

impl Guard<'_> {
    /// Checks that administrators remain after a change. Returns the lock under which the change must be sent, if the
    /// change can take the permission `write` away.
    pub(super) async fn keep_administrators(&self, call: &Call<'_>) -> Result<Option<EntityLock>, DirectoryError> {
        if self.keycloak.is_starting() {
            return Ok(None);
        }
        self.keep_own_api(call).await?;
        let Some(loss) = Loss::of(call)? else { return Ok(None) };
        // Without the API, no principal holds its permissions.
        let Some(api) = self.own_api().await? else { return Ok(None) };
        if self.removed(&loss, &api).await?.is_none() {
            return Ok(None);
        }
        let lock = self.keycloak.lock_administrators().await?;
        let unchecked = || {
            let entity = call.entity();
            protected_one(entity.kind, &entity.key, because::UNCHECKED)
        };
        let searching = async {
            // Another change may have completed while this one waited for the lock.
            match self.removed(&loss, &api).await? {
                Some(removed) => Search::new(self, &api, &removed, &unchecked).allows().await,
                None => Ok(true),
            }
        };
        match timeout(DEADLINE, searching).await {
            Ok(Ok(true)) => Ok(Some(lock)),
            Ok(Ok(false)) => Err(DirectoryError::LockOut),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(unchecked()),
        }
    }

    /// Returns the internal key of the client that represents this service's own API.
    async fn own_api(&self) -> Result<Option<String>, DirectoryError> {
        Ok(self.keycloak.client_rep(IDENTITY_AUDIENCE).await?.map(|found| found.id))
    }

    /// Checks that a change keeps this service's own API, with the permissions `read` and `write`.
    async fn keep_own_api(&self, call: &Call<'_>) -> Result<(), DirectoryError> {
        match *call.segments() {
            // Adds a permission.
            ["clients", _, "roles"] if call.creates() => Ok(()),
            ["clients", key, ref below @ ..] => {
                let known: Value =
                    self.keycloak.read(Call::get(&["clients", key]).about(EntityKind::Client, key)).await?;
                let keeps = below.is_empty() && call.replaces() && call.body().is_some_and(|new| is_same(&known, new));
                if is_own_api(&known) && !keeps { Err(DirectoryError::LockOut) } else { Ok(()) }
            }
            ["roles-by-id", id] => {
                let role: Value =
                    self.keycloak.read(Call::get(&["roles-by-id", id]).about(EntityKind::Role, id)).await?;
                let text = |role: &Value, member: &str| role.get(member).and_then(Value::as_str).map(str::to_owned);
                let name = text(&role, "name");
                let renamed = call.deletes() || call.body().is_none_or(|body| text(body, "name") != name);
                let needed = name.is_some_and(|name| [READ, WRITE].contains(&name.as_str()));
                let is_of_client = role.get("clientRole").and_then(Value::as_bool) == Some(true);
                let container = text(&role, "containerId").filter(|_| is_of_client && needed && renamed);
                let Some(key) = container else { return Ok(()) };
                let client: Value =
                    self.keycloak.read(Call::get(&["clients", &key]).about(EntityKind::Client, &key)).await?;
                if is_own_api(&client) { Err(DirectoryError::LockOut) } else { Ok(()) }
            }
            _ => Ok(()),
        }
    }
}

fn is_own_api(client: &Value) -> bool {
    client.get("clientId").and_then(Value::as_str) == Some(IDENTITY_AUDIENCE)
}

/// Whether a new representation keeps all members of the known one that affect access. Keycloak keeps members that are
/// omitted.
fn is_same(known: &Value, new: &Value) -> bool {
    let Some(new) = new.as_object() else { return false };
    new.iter().all(|(member, value)| FREE.contains(&member.as_str()) || known.get(member) == Some(value))
}
