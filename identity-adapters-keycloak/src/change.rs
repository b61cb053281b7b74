//! Changes of one entity at a time, over all replicas.
//!
//! Keycloak has no preconditions, and `PUT` replaces a representation. Every change therefore holds the lock of its entity, a
//! representation is read and written under it, and members on which access depends are sent only when they change.

use std::time::Duration;

use identity_core::entity::{EntityKind, Principal};
use identity_core::port::{DirectoryError, LockKey};
use serde_json::{Map, Value};
use tokio::time::timeout;
use tracing::warn;

use crate::Keycloak;
use crate::admin::{Call, unavailable};

/// How long a change waits for earlier changes of the same entity.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a change holds the lock at most: less than the store allows.
const CHANGE_TIMEOUT: Duration = Duration::from_secs(40);
/// How often a change is written that another program undoes.
const ATTEMPTS: usize = 3;

/// A representation that is changed, and its members on which access depends.
pub(crate) struct Representation<'c> {
    pub(crate) path: &'c [&'c str],
    pub(crate) kind: EntityKind,
    pub(crate) key: &'c str,
    /// What a conflict is about: the new name, where names are unique.
    pub(crate) unique: &'c str,
    /// Left out of what is written unless they change, and read back when they did. Keycloak keeps what is left out.
    pub(crate) guarded: &'static [&'static str],
}

impl Keycloak {
    /// Makes a change while no other change of the same entity is made, here or by another replica.
    pub(crate) async fn exclusively<T>(
        &self,
        kind: EntityKind,
        key: &str,
        change: impl Future<Output = Result<T, DirectoryError>> + Send,
    ) -> Result<T, DirectoryError> {
        let name = LockKey::of(kind, key);
        let lock = match timeout(LOCK_TIMEOUT, self.shared.locks.lock(&name)).await {
            Ok(Ok(lock)) => lock,
            Ok(Err(error)) => {
                warn!(kind = kind.as_str(), error = &error as &dyn std::error::Error, "keycloak.lock.failed");
                return Err(unavailable("the store has no lock for the change".to_owned()));
            }
            Err(_) => return Err(unavailable("other changes of the same entity take too long".to_owned())),
        };
        let outcome = timeout(CHANGE_TIMEOUT, change).await;
        drop(lock);
        outcome.unwrap_or_else(|_| Err(unavailable("the change takes too long".to_owned())))
    }

    /// Takes rights away from a principal. Whatever its earlier tokens claim, Keycloak is asked for its rights from then on, by
    /// every replica; also when the outcome of the change is unknown.
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
            return Err(unavailable("the change was made, but tokens of before could not be cut off".to_owned()));
        }
        outcome
    }

    /// Changes members of a representation; every other member keeps its value. Returns what Keycloak holds afterwards where
    /// a guarded member changed, and what was sent otherwise.
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
                    // Refused all the same, where it may not be changed.
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
            Err(unavailable("the change did not take effect; another program may change the same entity".to_owned()))
        })
        .await
    }
}

/// Sets a member of a representation.
pub(crate) fn set(body: &mut Map<String, Value>, member: &str, value: impl Into<Value>) {
    body.insert(member.to_owned(), value.into());
}

/// Sets members of a representation's attributes; others stay.
pub(crate) fn set_attributes<'a>(body: &mut Map<String, Value>, changes: impl IntoIterator<Item = (&'a str, String)>) {
    if let Value::Object(attributes) = body.entry("attributes").or_insert_with(|| Value::Object(Map::new())) {
        attributes.extend(changes.into_iter().map(|(name, value)| (name.to_owned(), Value::String(value))));
    }
}
