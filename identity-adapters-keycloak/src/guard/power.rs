//! Administrative power over the realm: roles of the client `realm-management`, held directly or indirectly.

use std::collections::BTreeSet;

use identity_core::entity::EntityKind;
use identity_core::port::DirectoryError;
use identity_core::preset::WRITE;
use serde::Deserialize;
use serde_json::Value;

use super::{Guard, REALM_MANAGEMENT, because, protected_one};
use crate::call::Call;

/// Maximum number of roles that a role may contain, at any depth. A larger role is refused.
const ROLES: usize = 1000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GuardedRole {
    pub(super) id: String,
    pub(super) name: String,
    #[serde(default)]
    pub(super) composite: bool,
    #[serde(default)]
    client_role: bool,
    container_id: Option<String>,
}

impl GuardedRole {
    /// Whether the role is the permission `write` of the API with this internal key.
    pub(super) fn is_write(&self, api: &str) -> bool {
        self.client_role && self.name == WRITE && self.container_id.as_deref() == Some(api)
    }
}

#[derive(Deserialize)]
struct Key {
    id: String,
}

impl Guard<'_> {
    /// Returns the internal key of the client `realm-management`, from the cache if possible. Fails in the realm that
    /// administers all realms, which does not have this client.
    async fn realm_management(&self) -> Result<String, DirectoryError> {
        if let Some(known) = self.keycloak.shared.realm_management.get(&()) {
            return Ok(known);
        }
        let call = Call::get(&["clients"]).query("clientId", REALM_MANAGEMENT);
        let found: Vec<Key> = self.keycloak.read(call).await?;
        let Some(Key { id }) = found.into_iter().next() else {
            let realm = &self.keycloak.shared.settings.realm;
            return Err(DirectoryError::Refused(format!(
                "the realm `{realm}` has no client `{REALM_MANAGEMENT}`; configure a realm other than the one that \
                 administers all realms"
            )));
        };
        self.keycloak.shared.realm_management.insert((), id.clone());
        Ok(id)
    }

    /// Whether a user or group holds a role of `realm-management`, directly, through composite roles or, for users,
    /// through groups. `holders` is `users` or `groups`.
    pub(super) async fn effective_power(
        &self,
        holders: &'static str,
        kind: EntityKind,
        id: &str,
    ) -> Result<bool, DirectoryError> {
        let management = self.realm_management().await?;
        let path = [holders, id, "role-mappings", "clients", &management, "composite"];
        let held: Vec<Value> = self.keycloak.read(Call::get(&path).about(kind, id)).await?;
        Ok(!held.is_empty())
    }

    /// Whether the scope mappings of a client allow its tokens to carry roles of `realm-management`.
    pub(super) async fn scope_has_power(&self, key: &str) -> Result<bool, DirectoryError> {
        let management = self.realm_management().await?;
        let path = ["clients", key, "scope-mappings", "clients", &management, "composite"];
        let held: Vec<Value> = self.keycloak.read(Call::get(&path).about(EntityKind::Client, key)).await?;
        Ok(!held.is_empty())
    }

    /// Checks that a role may be changed, assigned or removed: neither the role nor one that it contains belongs to
    /// `realm-management`.
    pub(super) async fn role(&self, id: &str) -> Result<(), DirectoryError> {
        let role: GuardedRole = self.keycloak.read(Call::get(&["roles-by-id", id]).about(EntityKind::Role, id)).await?;
        self.known_role(role).await
    }

    /// Checks roles of a client, given by name, as [`Self::role`] does by id. Fails if the client or a role does not
    /// exist.
    pub(super) async fn client_roles(&self, client_id: &str, names: &[&str]) -> Result<(), DirectoryError> {
        let found: Vec<Key> = self.keycloak.read(Call::get(&["clients"]).query("clientId", client_id)).await?;
        let missing = || DirectoryError::missing(EntityKind::Client, client_id);
        let client = found.into_iter().next().ok_or_else(missing)?;
        for name in names {
            let call = Call::get(&["clients", &client.id, "roles"]).query("search", name).query("first", 0);
            let roles: Vec<GuardedRole> = self.keycloak.read(call.query("max", ROLES)).await?;
            let role = roles.into_iter().find(|role| role.name == **name);
            self.known_role(role.ok_or_else(|| DirectoryError::missing(EntityKind::Resource, name))?).await?;
        }
        Ok(())
    }

    async fn known_role(&self, role: GuardedRole) -> Result<(), DirectoryError> {
        let management = self.realm_management().await?;
        let refuse = |reason| Err(protected_one(EntityKind::Role, &role.name, reason));
        if let (true, Some(client)) = (role.client_role, &role.container_id)
            && *client != management
        {
            // The roles of a protected client are protected as well.
            self.client(client).await?;
        }
        let contained = self.contained(&role).await?;
        if [&role].into_iter().chain(&contained).any(|role| role.container_id.as_ref() == Some(&management)) {
            return refuse(because::ROLE_POWER);
        }
        Ok(())
    }

    /// Returns all roles that a role contains, at any depth. Fails if there are too many.
    pub(super) async fn contained(&self, role: &GuardedRole) -> Result<Vec<GuardedRole>, DirectoryError> {
        let mut seen = BTreeSet::from([role.id.clone()]);
        let mut open: Vec<String> = role.composite.then(|| role.id.clone()).into_iter().collect();
        let mut all = Vec::new();
        while let Some(id) = open.pop() {
            let call = Call::get(&["roles-by-id", &id, "composites"]).about(EntityKind::Role, &id);
            let contained: Vec<GuardedRole> = self.keycloak.read(call).await?;
            for inner in contained {
                if seen.insert(inner.id.clone()) {
                    open.extend(inner.composite.then(|| inner.id.clone()));
                    all.push(inner);
                }
            }
            if seen.len() > ROLES {
                return Err(protected_one(EntityKind::Role, &role.name, because::TOO_MANY));
            }
        }
        Ok(all)
    }
}
