//! Scope mappings: the roles that tokens may carry. The client scope `camunda-identity` maps the permissions of
//! Identity's APIs, and Identity creates applications without full scope (`fullScopeAllowed`). A realm administrator's
//! token from such an application therefore cannot administer a realm.

use std::collections::BTreeSet;

use identity_core::entity::EntityKind;
use identity_core::port::DirectoryError;
use identity_core::value::ClientKey;
use serde::Deserialize;
use serde_json::json;

use crate::Keycloak;
use crate::call::Call;
use crate::wire::{RoleRep, SCOPE};

#[derive(Deserialize)]
struct Named {
    id: String,
    name: String,
}

impl Keycloak {
    /// Returns the id of the client scope `camunda-identity`, if it exists.
    pub(crate) async fn scope_id(&self) -> Result<Option<String>, DirectoryError> {
        let scopes: Vec<Named> = self.read(Call::get(&["client-scopes"])).await?;
        Ok(scopes.into_iter().find(|scope| scope.name == SCOPE).map(|scope| scope.id))
    }

    /// Returns the permissions of an API that are missing in the scope mappings of the client scope, so that tokens
    /// cannot carry them.
    pub(crate) async fn unmapped_permissions(
        &self,
        scope: &str,
        api: &ClientKey,
    ) -> Result<Vec<RoleRep>, DirectoryError> {
        let api = api.as_str();
        let path = ["client-scopes", scope, "scope-mappings", "clients", api];
        let mapped: Vec<RoleRep> = self.read(Call::get(&path)).await?;
        let mapped: BTreeSet<&str> = mapped.iter().map(|role| role.id.as_str()).collect();
        let all: Vec<RoleRep> = self.read(Call::get(&["clients", api, "roles"]).about(EntityKind::Client, api)).await?;
        let mut unmapped = Vec::new();
        for role in all.into_iter().filter(|role| role.name != "uma_protection" && !mapped.contains(role.id.as_str())) {
            // Tokens must not carry roles with administrative power.
            if !self.is_protected_role(&role.id).await? {
                unmapped.push(role);
            }
        }
        Ok(unmapped)
    }

    /// Adds the missing permissions of an API to the scope mappings of the client scope, so that tokens can carry them.
    pub(crate) async fn map_permissions(&self, api: &ClientKey) -> Result<(), DirectoryError> {
        let Some(scope) = self.scope_id().await? else { return Ok(()) };
        let path = ["client-scopes", &scope, "scope-mappings", "clients", api.as_str()];
        let unmapped = self.unmapped_permissions(&scope, api).await?;
        if unmapped.is_empty() {
            return Ok(());
        }
        let roles: Vec<_> = unmapped.iter().map(|role| json!({"id": role.id, "name": role.name})).collect();
        let call = Call::post(&path, json!(roles)).about(EntityKind::Client, api.as_str());
        self.send(call).await.map(|_| ())
    }

    /// Whether the client scope maps a realm role. Keycloak omits a client scope with mapped realm roles from the
    /// tokens of users who hold none of them.
    pub(crate) async fn scope_is_for(&self, scope: &str, role: &RoleRep) -> Result<bool, DirectoryError> {
        let mapped: Vec<RoleRep> = self.read(Call::get(&["client-scopes", scope, "scope-mappings", "realm"])).await?;
        Ok(mapped.iter().any(|one| one.id == role.id))
    }

    /// Maps a realm role to the client scope, which then applies to the tokens of all users who hold the role.
    pub(crate) async fn map_role(&self, scope: &str, role: &RoleRep) -> Result<(), DirectoryError> {
        let path = ["client-scopes", scope, "scope-mappings", "realm"];
        let call = Call::post(&path, json!([{"id": role.id, "name": role.name}]));
        self.send(call.about(EntityKind::Role, &role.name)).await.map(|_| ())
    }
}
