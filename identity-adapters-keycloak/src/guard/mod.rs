//! What in a realm is not Identity's to touch. Every call passes here: only this module makes a [`Cleared`] call, and no other
//! call is transmitted.
//!
//! Protected are this server's own client, the realm's built-in clients, service accounts, and everything that holds a role of
//! `realm-management`: clients through their service account, users through roles, groups and composites, groups and roles
//! themselves. What the rules say is read from the path of a change, so that no adapter can leave a check out.

mod holders;
mod paths;
mod power;

use identity_core::entity::{AuditEntity, EntityKind};
use identity_core::port::DirectoryError;
use identity_core::value::{ClientKey, Secret};
use serde::Deserialize;

use crate::Keycloak;
use crate::admin::Call;

/// The client whose roles administer a realm.
const REALM_MANAGEMENT: &str = "realm-management";
/// Clients that every realm has from its beginning.
const BUILT_IN: [&str; 7] = [
    "account",
    "account-console",
    "admin-cli",
    "admin-permissions",
    "broker",
    REALM_MANAGEMENT,
    "security-admin-console",
];
/// What a client has below it that holds its secret.
const SECRETS: [&str; 3] = ["certificates", "client-secret", "installation"];

/// Why something is protected.
pub(super) mod because {
    pub(crate) const OWN_CLIENT: &str = "this server signs in to Keycloak with it; manage it in Keycloak";
    pub(crate) const BUILT_IN: &str = "every realm of Keycloak needs this client; manage it in Keycloak";
    pub(crate) const CLIENT_POWER: &str =
        "the service account of this client holds roles of `realm-management`; manage it in Keycloak";
    pub(crate) const CLIENT_SCOPE: &str = "tokens of this client can carry roles of `realm-management`; switch off `Full scope allowed` and remove \
        such scope mappings in Keycloak before its addresses are changed here";
    pub(crate) const SERVICE_ACCOUNT: &str = "this user is the service account of a client; manage the client instead";
    pub(crate) const USER_POWER: &str = "this user holds roles of `realm-management`; manage the user in Keycloak";
    pub(crate) const GROUP_POWER: &str =
        "this group, or a group above or below it, holds roles of `realm-management`; manage it in Keycloak";
    pub(crate) const ROLE_POWER: &str = "this role contains roles of `realm-management`; manage it in Keycloak";
    pub(crate) const TOO_MANY: &str = "it contains more roles or groups than are checked here; manage it in Keycloak";
    pub(crate) const NO_RULE: &str = "no rule of this server permits this change";
}

/// A call that no rule forbids.
pub(crate) struct Cleared<'c>(Call<'c>);

impl<'c> Cleared<'c> {
    /// A question. Those that are answered with secrets have their own way: [`Keycloak::client_secret`].
    pub(crate) fn question(call: Call<'c>) -> Result<Self, DirectoryError> {
        let secret = matches!(call.segments(), ["clients", _, below, ..] if SECRETS.contains(below));
        if secret || !call.is_question() { Err(no_rule(&call)) } else { Ok(Self(call)) }
    }

    pub(crate) fn call(&self) -> &Call<'c> {
        &self.0
    }
}

/// The rules, as one Keycloak answers what they ask.
struct Guard<'k> {
    keycloak: &'k Keycloak,
}

#[derive(Deserialize)]
struct SecretRep {
    value: Option<String>,
}

impl Keycloak {
    /// Clears a change.
    pub(crate) async fn clear<'c>(&self, call: Call<'c>) -> Result<Cleared<'c>, DirectoryError> {
        if call.is_question() {
            return Cleared::question(call);
        }
        Guard { keycloak: self }.check_change(&call).await?;
        Ok(Cleared(call))
    }

    /// Whether a role must stay out of what is changed here.
    pub(crate) async fn is_protected_role(&self, id: &str) -> Result<bool, DirectoryError> {
        match (Guard { keycloak: self }).role(id).await {
            Ok(()) => Ok(false),
            Err(DirectoryError::Protected { .. }) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// The secret of a client that is not protected.
    pub(crate) async fn client_secret(&self, key: &ClientKey) -> Result<Option<Secret>, DirectoryError> {
        Guard { keycloak: self }.client(key.as_str()).await?;
        let path = ["clients", key.as_str(), "client-secret"];
        let call = Call::get(&path).about(EntityKind::Client, key.as_str());
        let secret: SecretRep = self.answer_to(&Cleared(call)).await?;
        Ok(secret.value.map(Secret::new))
    }
}

fn no_rule(call: &Call<'_>) -> DirectoryError {
    protected(call.entity(), because::NO_RULE)
}

fn protected(entity: AuditEntity, reason: &'static str) -> DirectoryError {
    DirectoryError::Protected { entity, reason }
}

fn protected_one(kind: EntityKind, key: &str, reason: &'static str) -> DirectoryError {
    protected(AuditEntity { kind, key: key.to_owned() }, reason)
}
