//! APIs (resource servers): Keycloak clients with authorization services, whose client roles represent permissions.

use async_trait::async_trait;
use identity_core::entity::{Api, ApiPermission, ClientChange, EntityKind};
use identity_core::port::{ApiDirectory, DirectoryError};
use identity_core::search::{ListRequest, Listing};
use identity_core::value::{Audience, ClientKey, Name, PermissionName, nearest};
use serde_json::json;

use crate::Keycloak;
use crate::call::Call;
use crate::clients::apply;
use crate::readable::{Elements, unshown};
use crate::wire::{ClientRep, RoleRep, description};

/// Maximum number of permissions that are read per API.
const PERMISSIONS: usize = 1000;

#[async_trait]
impl ApiDirectory for Keycloak {
    async fn list(&self, list: &ListRequest) -> Result<Listing<Api>, DirectoryError> {
        self.list_clients(list, |client| client.is_api().then(|| client.api())).await
    }

    async fn find(&self, key: &ClientKey) -> Result<Api, DirectoryError> {
        self.ours(key, ClientRep::is_api).await?.api().map_err(unshown)
    }

    async fn create(
        &self,
        audience: &Audience,
        name: &Name,
        permissions: &[ApiPermission],
    ) -> Result<Api, DirectoryError> {
        let body = json!({
            "name": name, "publicClient": false, "standardFlowEnabled": false, "directAccessGrantsEnabled": false,
            "serviceAccountsEnabled": true, "authorizationServicesEnabled": true,
        });
        let key = self.create_client(audience.as_str(), body).await?;
        for permission in permissions {
            if let Err(error) = self.add_permission(&key, permission).await {
                // A partly created API would cause a conflict when the caller retries.
                _ = self.delete_client(&key).await;
                return Err(error);
            }
        }
        ApiDirectory::find(self, &key).await
    }

    async fn rename(&self, key: &ClientKey, name: &Name) -> Result<(), DirectoryError> {
        self.ours(key, ClientRep::is_api).await?;
        let change = ClientChange { name: Some(name.clone()), ..ClientChange::default() };
        self.change_client(key, |body| apply(&change, body)).await
    }

    async fn delete(&self, key: &ClientKey) -> Result<(), DirectoryError> {
        self.ours(key, ClientRep::is_api).await?;
        self.delete_client(key).await
    }

    async fn permissions(&self, key: &ClientKey) -> Result<Vec<ApiPermission>, DirectoryError> {
        self.ours(key, ClientRep::is_api).await?;
        let path = ["clients", key.as_str(), "roles"];
        let call = Call::get(&path).query("first", 0).query("max", PERMISSIONS);
        let roles: Elements<RoleRep> = self.read_list(EntityKind::Resource, call).await?;
        // Keycloak adds the role `uma_protection` to clients with authorization services. It is not a permission.
        let permissions = roles.items.into_iter().filter(|role| role.name != "uma_protection").filter_map(|role| {
            let definition = nearest(&role.name, PermissionName::parse);
            let definition = self.shown(EntityKind::Resource, &role.id, definition)?;
            Some(ApiPermission { definition, description: description(role.description.as_deref()) })
        });
        let mut permissions: Vec<ApiPermission> = permissions.collect();
        permissions.sort();
        Ok(permissions)
    }

    async fn add_permission(&self, key: &ClientKey, permission: &ApiPermission) -> Result<(), DirectoryError> {
        self.ours(key, ClientRep::is_api).await?;
        let body = json!({"name": permission.definition, "description": permission.description});
        let path = ["clients", key.as_str(), "roles"];
        let adding = self.send(Call::post(&path, body).about(EntityKind::Resource, permission.definition.as_str()));
        self.exclusively(EntityKind::Client, key.as_str(), async {
            adding.await?;
            self.map_permissions(key).await
        })
        .await
    }

    async fn remove_permission(&self, key: &ClientKey, definition: &PermissionName) -> Result<(), DirectoryError> {
        self.ours(key, ClientRep::is_api).await?;
        let removing = async {
            let role = self.api_role(key.as_str(), definition).await?;
            let role = role.ok_or_else(|| DirectoryError::missing(EntityKind::Resource, definition))?;
            let call = Call::delete(&["roles-by-id", &role.id]).about(EntityKind::Resource, definition.as_str());
            self.send(call).await
        };
        self.exclusively(EntityKind::Client, key.as_str(), removing).await.map(|_| ())
    }
}
