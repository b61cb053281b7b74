//! Changes of single entities, serialized across all replicas.
//!
//! Keycloak has no preconditions, and `PUT` replaces the whole representation. Every change therefore holds a lock on
//! its entity while it reads and writes the representation. Members that affect access are sent only if they change.

use std::time::Duration;

use identity_core::entity::{EntityKind, Principal};
use identity_core::port::{DirectoryError, EntityLock, LockKey, StoreError};
use serde_json::{Map, Value};
use tokio::time::timeout;
use tracing::warn;

use crate::Keycloak;
use crate::call::Call;
use crate::error::unavailable;

/// Maximum time that a change waits for the lock of its entity.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum time that a change holds the lock. Must be shorter than `LOCK_HELD_MAX`, after which the store may revoke
/// the lock.
const CHANGE_TIMEOUT: Duration = Duration::from_secs(40);
/// Maximum number of attempts to write a change that another program keeps undoing.
const ATTEMPTS: usize = 3;

/// A representation to change: its path, its name in error messages, and its members that affect access.
pub(crate) struct Representation<'c> {
    pub(crate) path: &'c [&'c str],
    pub(crate) kind: EntityKind,
    pub(crate) key: &'c str,
    /// Name or key of the entity in errors of the write, such as conflicts. For a group that is renamed, the new name.
    pub(crate) unique: &'c str,
    /// Members that are sent only if they change, and are read back afterwards. Keycloak keeps members that are
    /// omitted.
    pub(crate) guarded: &'static [&'static str],
}

impl Keycloak {
    /// Runs a change under the lock of its entity, so that no replica changes the entity concurrently. Fails as
    /// unavailable if the lock is not free within 10 seconds, or the change takes longer than 40 seconds.
    pub(crate) async fn exclusively<T>(
        &self,
        kind: EntityKind,
        key: &str,
        change: impl Future<Output = Result<T, DirectoryError>> + Send,
    ) -> Result<T, DirectoryError> {
        let name = LockKey::of(kind, key);
        let lock = acquired(kind.as_str(), self.shared.locks.lock(&name)).await?;
        let outcome = timeout(CHANGE_TIMEOUT, change).await;
        drop(lock);
        outcome.unwrap_or_else(|_| Err(unavailable("the change timed out".to_owned())))
    }

    /// Acquires the lock of changes that can remove an administrator. Fails as unavailable if it is not free within 10
    /// seconds.
    pub(crate) async fn lock_administrators(&self) -> Result<EntityLock, DirectoryError> {
        acquired("administrators", self.shared.locks.lock_administrators()).await
    }

    /// Runs a change that revokes rights of a principal, and records the time, even if the outcome of the change is
    /// unknown. For tokens issued earlier, all replicas then look rights up in Keycloak instead of their cache.
    pub(crate) async fn taking_away<T>(
        &self,
        principal: Principal,
        change: impl Future<Output = Result<T, DirectoryError>> + Send,
    ) -> Result<T, DirectoryError> {
        let outcome = change.await;
        if matches!(outcome, Ok(_) | Err(DirectoryError::Unavailable { .. }))
            && let Err(error) = self.shared.cutoffs.cut(&principal).await
        {
            warn!(error = &error as &dyn std::error::Error, "keycloak.cutoff.failed");
            return Err(unavailable(
                "the change was made, but tokens issued before it could not be revoked".to_owned(),
            ));
        }
        outcome
    }

    /// Changes members of a representation, under the lock of its entity; all other members keep their values. If a
    /// guarded member changed, returns the representation read back from Keycloak, otherwise the one that was sent.
    pub(crate) async fn rewrite(
        &self,
        of: Representation<'_>,
        change: impl Fn(&mut Map<String, Value>) -> Result<(), DirectoryError> + Send + Sync,
    ) -> Result<Map<String, Value>, DirectoryError> {
        self.exclusively(of.kind, of.key, async {
            for _ in 0..ATTEMPTS {
                let old: Map<String, Value> = self.read(Call::get(of.path).about(of.kind, of.key)).await?;
                let mut new = old.clone();
                change(&mut new)?;
                if new == old {
                    // The write is skipped, but a change of a protected entity must still be refused.
                    self.clear(Call::put(of.path, Value::Object(new)).about(of.kind, of.unique)).await?;
                    return Ok(old);
                }
                let (changed, same): (Vec<&str>, Vec<&str>) =
                    of.guarded.iter().copied().partition(|member| old.get(*member) != new.get(*member));
                let mut body = new.clone();
                same.iter().for_each(|member| drop(body.remove(*member)));
                self.send(Call::put(of.path, Value::Object(body)).about(of.kind, of.unique)).await?;
                if changed.is_empty() {
                    return Ok(new);
                }
                let now: Map<String, Value> = self.read(Call::get(of.path).about(of.kind, of.key)).await?;
                if changed.iter().all(|member| now.get(*member) == new.get(*member)) {
                    return Ok(now);
                }
                warn!(kind = of.kind.as_str(), members = ?changed, "keycloak.change.undone");
            }
            Err(unavailable(
                "the change did not take effect; another program may be changing the same entity".to_owned(),
            ))
        })
        .await
    }
}

/// Waits for a lock, at most 10 seconds. `kind` names it in the log.
async fn acquired(
    kind: &str,
    lock: impl Future<Output = Result<EntityLock, StoreError>>,
) -> Result<EntityLock, DirectoryError> {
    match timeout(LOCK_TIMEOUT, lock).await {
        Ok(Ok(lock)) => Ok(lock),
        Ok(Err(error)) => {
            warn!(kind, error = &error as &dyn std::error::Error, "keycloak.lock.failed");
            Err(unavailable("the lock for the change could not be acquired".to_owned()))
        }
        Err(_) => Err(unavailable("timed out waiting for other changes of the same entity".to_owned())),
    }
}

/// Sets a member of a JSON representation. Replaces an existing value.
pub(crate) fn set(body: &mut Map<String, Value>, member: &str, value: impl Into<Value>) {
    body.insert(member.to_owned(), value.into());
}

/// Sets entries of the member `attributes` of a representation; all other attributes stay.
pub(crate) fn set_attributes<'a>(body: &mut Map<String, Value>, changes: impl IntoIterator<Item = (&'a str, String)>) {
    if let Value::Object(attributes) = body.entry("attributes").or_insert_with(|| Value::Object(Map::new())) {
        attributes.extend(changes.into_iter().map(|(name, value)| (name.to_owned(), Value::String(value))));
    }
}
