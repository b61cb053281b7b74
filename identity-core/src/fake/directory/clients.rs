use async_trait::async_trait;

use super::{Answer, MemoryDirectory, listing, missing};
use crate::entity::{Api, ApiPermission, Client, ClientAddresses, ClientChange, EntityKind, NewClient, Permission};
use crate::port::{ApiDirectory, ClientDirectory, DirectoryError, Ids};
use crate::preset::{IDENTITY_AUDIENCE, READ, WRITE};
use crate::search::{ListRequest, Listing};
use crate::value::{Audience, ClientId, ClientKey, Name, PermissionName, Secret};

#[async_trait]
impl ClientDirectory for MemoryDirectory {
    async fn list(&self, list: &ListRequest) -> Answer<Listing<Client>> {
        let state = self.state();
        let clients = state.clients.values().map(|(client, _)| client);
        Ok(listing(list, clients, |client| client.client_id.clone(), |client| vec![client.client_id.as_str()]))
    }

    async fn find(&self, key: &ClientKey) -> Answer<Client> {
        self.state().client(key).map(|(client, _)| client.clone())
    }

    async fn find_all(&self, ids: &[ClientId]) -> Answer<Vec<Client>> {
        let state = self.state();
        let clients = state.clients.values().map(|(client, _)| client);
        Ok(clients.filter(|client| ids.contains(&client.client_id)).cloned().collect())
    }

    async fn create(&self, new: &NewClient) -> Answer<Client> {
        let mut state = self.state();
        state.free_client_id(new.client_id.as_str())?;
        let key = state.fresh_key()?;
        let client = Client {
            key: key.clone(),
            client_id: new.client_id.clone(),
            name: new.name.clone(),
            kind: new.kind,
            root_url: new.root_url.as_ref().filter(|_| !new.redirect_uris.is_empty()).map(ToString::to_string),
            redirect_uris: new.redirect_uris.iter().map(ToString::to_string).collect(),
        };
        let made = || Secret::new(state.ids.fresh());
        let secret = new.kind.has_secret().then(|| new.secret.clone().unwrap_or_else(made));
        state.clients.insert(key, (client.clone(), secret));
        Ok(client)
    }

    async fn update(&self, key: &ClientKey, change: &ClientChange) -> Answer<()> {
        let mut state = self.state();
        let (client, _) = missing(state.clients.get_mut(key), EntityKind::Client, key)?;
        let addresses = change.new_addresses(client.root_url.as_deref(), &client.redirect_uris);
        let addresses = addresses.map_err(|(member, error)| DirectoryError::Member(member, error))?;
        if let Some(ClientAddresses { root_url, redirect_uris }) = addresses {
            (client.root_url, client.redirect_uris) = (root_url, redirect_uris);
        }
        client.name = change.name.clone().unwrap_or_else(|| client.name.clone());
        Ok(())
    }

    async fn delete(&self, key: &ClientKey) -> Answer<()> {
        self.take_away(|state| {
            missing(state.clients.remove(key), EntityKind::Client, key)?;
            state.client_permissions.retain(|(client, _)| client != key);
            Ok(())
        })
    }

    async fn secret(&self, key: &ClientKey) -> Answer<Option<Secret>> {
        self.state().client(key).map(|(_, secret)| secret.clone())
    }

    async fn renew_secret(&self, key: &ClientKey) -> Answer<Secret> {
        let mut state = self.state();
        let made = Secret::new(state.ids.fresh());
        let (client, secret) = missing(state.clients.get_mut(key), EntityKind::Client, key)?;
        if !client.kind.has_secret() {
            return Err(DirectoryError::Invalid("a public client has no secret".to_owned()));
        }
        *secret = Some(made.clone());
        Ok(made)
    }

    async fn permissions(&self, key: &ClientKey) -> Answer<Vec<Permission>> {
        let state = self.state();
        state.client(key)?;
        let held = state.client_permissions.iter().filter(|(client, _)| client == key);
        Ok(held.map(|(_, permission)| permission.clone()).collect())
    }

    async fn grant_permission(&self, key: &ClientKey, permission: &Permission) -> Answer<()> {
        let mut state = self.state();
        state.account_and_permission(key, permission)?;
        state.client_permissions.insert((key.clone(), permission.clone()));
        Ok(())
    }

    async fn revoke_permission(&self, key: &ClientKey, permission: &Permission) -> Answer<()> {
        self.take_away(|state| {
            state.account_and_permission(key, permission)?;
            state.client_permissions.remove(&(key.clone(), permission.clone()));
            Ok(())
        })
    }
}

#[async_trait]
impl ApiDirectory for MemoryDirectory {
    async fn list(&self, list: &ListRequest) -> Answer<Listing<Api>> {
        let state = self.state();
        let apis = state.apis.values().map(|(api, _)| api);
        Ok(listing(list, apis, |api| api.audience.clone(), |api| vec![api.audience.as_str()]))
    }

    async fn find(&self, key: &ClientKey) -> Answer<Api> {
        self.state().api(key).map(|(api, _)| api.clone())
    }

    async fn create(&self, audience: &Audience, name: &Name, permissions: &[ApiPermission]) -> Answer<Api> {
        let mut state = self.state();
        state.free_client_id(audience.as_str())?;
        let key = state.fresh_key()?;
        let api = Api { key: key.clone(), audience: audience.clone(), name: name.clone() };
        let permissions = permissions.iter().map(|one| (one.definition.clone(), one.clone())).collect();
        state.apis.insert(key, (api.clone(), permissions));
        Ok(api)
    }

    async fn rename(&self, key: &ClientKey, name: &Name) -> Answer<()> {
        self.state().api(key)?.0.name = name.clone();
        Ok(())
    }

    async fn delete(&self, key: &ClientKey) -> Answer<()> {
        let mut state = self.state();
        if state.api(key)?.0.audience.as_str() == IDENTITY_AUDIENCE {
            return Err(DirectoryError::LockOut);
        }
        let (api, _) = missing(state.apis.remove(key), EntityKind::Client, key)?;
        state.forget(|permission| permission.audience == api.audience);
        Ok(())
    }

    async fn permissions(&self, key: &ClientKey) -> Answer<Vec<ApiPermission>> {
        self.state().api(key).map(|(_, permissions)| permissions.values().cloned().collect())
    }

    async fn add_permission(&self, key: &ClientKey, permission: &ApiPermission) -> Answer<()> {
        let mut state = self.state();
        let (_, permissions) = state.api(key)?;
        if permissions.contains_key(&permission.definition) {
            return Err(DirectoryError::conflict(EntityKind::Resource, &permission.definition));
        }
        permissions.insert(permission.definition.clone(), permission.clone());
        Ok(())
    }

    async fn remove_permission(&self, key: &ClientKey, definition: &PermissionName) -> Answer<()> {
        let mut state = self.state();
        let (api, permissions) = state.api(key)?;
        let audience = api.audience.clone();
        if audience.as_str() == IDENTITY_AUDIENCE && [READ, WRITE].contains(&definition.as_str()) {
            return Err(DirectoryError::LockOut);
        }
        missing(permissions.remove(definition), EntityKind::Resource, definition)?;
        state.forget(|permission| permission.audience == audience && permission.definition == *definition);
        Ok(())
    }
}
