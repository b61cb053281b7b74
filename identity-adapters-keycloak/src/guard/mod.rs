//! Protection of entities that Identity must not change. Every change passes through this module: only this module
//! [clears](Cleared::by_guard) changes, and calls that are not cleared cannot be sent.
//!
//! Protected are this server's own client, the built-in clients of the realm, service accounts, and everything that
//! holds or contains a role of `realm-management`: clients (through their service account), users, groups and roles.
//! The rules are selected by the path of a change, so that no adapter can omit a check.
//!
//! A change that passes these rules must also keep an administrator of this service ([`lock_out`]).

mod administrators;
mod holders;
mod lock_out;
mod loss;
mod paths;
mod power;

use identity_core::entity::{AuditEntity, EntityKind};
use identity_core::port::DirectoryError;
use identity_core::value::{ClientKey, Secret};
use serde::Deserialize;

use crate::Keycloak;
use crate::call::{Answer, Call};
use crate::cleared::Cleared;

/// Client whose roles permit administration of the realm.
const REALM_MANAGEMENT: &str = "realm-management";
/// Client ids of the built-in clients of every realm. They must not be changed.
const BUILT_IN: [&str; 7] = [
    "account",
    "account-console",
    "admin-cli",
    "admin-permissions",
    "broker",
    REALM_MANAGEMENT,
    "security-admin-console",
];

/// Reasons for refusing a change, with advice for operators.
pub(super) mod because {
    pub(crate) const OWN_CLIENT: &str = "this server authenticates to Keycloak with this client; manage it in Keycloak";
    pub(crate) const BUILT_IN: &str = "every realm of Keycloak needs this client; manage it in Keycloak";
    pub(crate) const CLIENT_POWER: &str =
        "the service account of this client holds roles of `realm-management`; manage it in Keycloak";
    pub(crate) const CLIENT_SCOPE: &str = "tokens of this client can carry roles of `realm-management`; switch off \
        `Full scope allowed` and remove such scope mappings in Keycloak before you change its redirect URIs";
    pub(crate) const SERVICE_ACCOUNT: &str = "this user is the service account of a client; manage the client instead";
    pub(crate) const USER_POWER: &str = "this user holds roles of `realm-management`; manage the user in Keycloak";
    pub(crate) const GROUP_POWER: &str =
        "this group, or a group above or below it, holds roles of `realm-management`; manage it in Keycloak";
    pub(crate) const ROLE_POWER: &str = "this role contains roles of `realm-management`; manage it in Keycloak";
    pub(crate) const UNCHECKED: &str = "too many roles, groups or users must be read to find another administrator; \
        manage it in Keycloak";
    pub(crate) const TOO_MANY: &str = "it contains too many roles or groups to be checked; manage it in Keycloak";
}

/// Rules for changes. They read the affected entities from `keycloak`.
struct Guard<'k> {
    keycloak: &'k Keycloak,
}

#[derive(Deserialize)]
struct SecretRep {
    value: Option<String>,
}

impl Keycloak {
    /// Checks that a call may be sent: a change must pass the rules of the guard, and a `GET` must not return a secret.
    pub(crate) async fn clear<'c>(&self, call: Call<'c>) -> Result<Cleared<'c>, DirectoryError> {
        if call.is_question() {
            return Cleared::question(call);
        }
        let guard = Guard { keycloak: self };
        guard.check_change(&call).await?;
        let lock = guard.keep_administrators(&call).await?;
        Ok(Cleared::by_guard(call).under(lock))
    }

    /// Checks and sends a call that changes an entity. Afterwards, invalidates the cached rights that the change may
    /// affect.
    pub(crate) async fn send(&self, call: Call<'_>) -> Result<Answer, DirectoryError> {
        let cleared = self.clear(call).await?;
        let outcome = self.transmit(&cleared).await;
        // Invalidated even after a failure, because Keycloak may have made the change.
        self.shared.rights.forget(cleared.call());
        outcome
    }

    /// Whether a role is or contains a role of `realm-management`, or belongs to a protected client.
    pub(crate) async fn is_protected_role(&self, id: &str) -> Result<bool, DirectoryError> {
        match (Guard { keycloak: self }).role(id).await {
            Ok(()) => Ok(false),
            Err(DirectoryError::Protected { .. }) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Returns the secret of a client, or `None` if it has no secret. Fails for a protected client.
    pub(crate) async fn client_secret(&self, key: &ClientKey) -> Result<Option<Secret>, DirectoryError> {
        Guard { keycloak: self }.client(key.as_str()).await?;
        let path = ["clients", key.as_str(), "client-secret"];
        let call = Call::get(&path).about(EntityKind::Client, key.as_str());
        let secret: SecretRep = self.answer_to(&Cleared::by_guard(call)).await?;
        Ok(secret.value.map(Secret::new))
    }
}

fn protected_one(kind: EntityKind, key: &str, reason: &'static str) -> DirectoryError {
    DirectoryError::Protected { entity: AuditEntity { kind, key: key.to_owned() }, reason }
}
