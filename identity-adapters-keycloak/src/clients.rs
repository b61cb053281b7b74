//! Clients that Identity manages: operations shared by applications and APIs, and the directory of applications.

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures_util::future::join_all;
use identity_core::entity::{
    AuditEntity, Client, ClientAddresses, ClientChange, ClientKind, EntityKind, NewClient, Permission, Principal,
};
use identity_core::port::{ClientDirectory, DirectoryError};
use identity_core::search::{ListRequest, Listing};
use identity_core::value::{ClientId, ClientKey, InvalidValue, PermissionName, RedirectUri, Secret, nearest};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::Keycloak;
use crate::bounds;
use crate::call::Call;
use crate::change::{Representation, set};
use crate::error::{unavailable, unreadable};
use crate::readable::{Elements, unshown};
use crate::roles::{Sieve, items, travels};
use crate::wire::{ClientRep, RoleRep, SCOPE, UserRep, shown_client_name, unfit};

/// Maximum number of concurrent look-ups of clients by client id.
const AT_ONCE: usize = 8;
/// Maximum number of attempts to generate a secret that another program keeps resetting to the old one.
const SECRET_ATTEMPTS: usize = 3;
/// Client scopes of a new client: [`SCOPE`], which marks the client as managed by Identity, and the default scopes of a
/// realm. Keycloak ignores scopes that the realm lacks.
pub(crate) const SCOPES: [&str; 7] = [SCOPE, "web-origins", "acr", "roles", "profile", "basic", "email"];

/// Client attribute that holds the required PKCE method (RFC 7636), such as `S256`.
pub(crate) const PKCE: &str = "pkce.code.challenge.method";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mappings {
    #[serde(default)]
    realm_mappings: Vec<RoleRep>,
    #[serde(default)]
    client_mappings: BTreeMap<String, ClientMappings>,
}

#[derive(Deserialize)]
struct ClientMappings {
    #[serde(default)]
    mappings: Vec<RoleRep>,
}

impl Keycloak {
    /// Returns the client with this client id, whether Identity manages it or not.
    pub(crate) async fn client_rep(&self, client_id: &str) -> Result<Option<ClientRep>, DirectoryError> {
        let call = Call::get(&["clients"]).query("clientId", client_id);
        let found: Elements<ClientRep> = self.read_list(EntityKind::Client, call).await?;
        Ok(found.items.into_iter().find(|client| client.client_id == client_id))
    }

    /// Returns the secret of this server's own client; `None` if the client does not exist or has no secret.
    ///
    /// # Errors
    /// When Keycloak is unavailable or rejects the request.
    pub async fn own_secret(&self) -> Result<Option<Secret>, DirectoryError> {
        let Some(client) = self.client_rep(self.shared.settings.own_client.as_str()).await? else { return Ok(None) };
        self.for_start().client_secret(&ClientKey::parse(&client.id).map_err(unfit)?).await
    }

    pub(crate) async fn ours(
        &self,
        key: &ClientKey,
        fits: fn(&ClientRep) -> bool,
    ) -> Result<ClientRep, DirectoryError> {
        let call = Call::get(&["clients", key.as_str()]).about(EntityKind::Client, key.as_str());
        let found: Option<ClientRep> = self.find(call).await?;
        found.filter(fits).ok_or_else(|| DirectoryError::missing(EntityKind::Client, key))
    }

    pub(crate) async fn list_clients<T>(
        &self,
        list: &ListRequest,
        keep: impl Fn(ClientRep) -> Option<Result<T, InvalidValue>>,
    ) -> Result<Listing<T>, DirectoryError> {
        bounds::search(list.search.as_deref())?;
        let mut sieve = Sieve::new(list);
        loop {
            let mut call = sieve.batch(Call::get(&["clients"]));
            if let Some(search) = &list.search {
                call = call.query("clientId", search).query("search", true);
            }
            let batch: Elements<ClientRep> = self.read_list(EntityKind::Client, call).await?;
            let shown = |client: ClientRep| {
                let id = client.id.clone();
                keep(client).and_then(|shown| self.shown(EntityKind::Client, &id, shown))
            };
            match sieve.put(batch, shown) {
                Ok(listing) => return Ok(listing),
                Err(more) => sieve = more,
            }
        }
    }

    /// Creates a client in one call that includes [`SCOPE`], the client scope that marks it. A failure therefore leaves
    /// no unmarked client, which Identity would not recognize as its own.
    pub(crate) async fn create_client(&self, client_id: &str, mut body: Value) -> Result<ClientKey, DirectoryError> {
        if let Value::Object(body) = &mut body {
            body.insert("clientId".to_owned(), json!(client_id));
            body.insert("protocol".to_owned(), json!("openid-connect"));
            body.insert("enabled".to_owned(), json!(true));
            body.insert("defaultClientScopes".to_owned(), json!(SCOPES));
        }
        match self.send(Call::post(&["clients"], body).about(EntityKind::Client, client_id)).await {
            Ok(answer) => ClientKey::parse(answer.created()?).map_err(unfit),
            Err(DirectoryError::Conflict(entity)) => {
                let other = self.client_rep(client_id).await?;
                let foreign = other.is_some_and(|other| !other.is_ours());
                Err(if foreign { DirectoryError::Foreign(entity) } else { DirectoryError::Conflict(entity) })
            }
            Err(error) => Err(error),
        }
    }

    /// Changes members of a client under its lock; all other members keep their values, including the secret.
    pub(crate) async fn change_client(
        &self,
        key: &ClientKey,
        change: impl Fn(&mut Map<String, Value>) -> Result<(), DirectoryError> + Send + Sync,
    ) -> Result<(), DirectoryError> {
        let (path, key) = (["clients", key.as_str()], key.as_str());
        let of = Representation { path: &path, kind: EntityKind::Client, key, unique: key, guarded: &["secret"] };
        self.rewrite(of, change).await.map(|_| ())
    }

    pub(crate) async fn delete_client(&self, key: &ClientKey) -> Result<(), DirectoryError> {
        self.shared.clients.invalidate(key);
        let path = ["clients", key.as_str()];
        let deleting = self.send(Call::delete(&path).about(EntityKind::Client, key.as_str()));
        self.exclusively(EntityKind::Client, key.as_str(), deleting).await.map(|_| ())
    }

    /// Generates a new secret in Keycloak, and reads it back. If another program that writes the whole client has
    /// restored the old secret, makes up to [`SECRET_ATTEMPTS`] attempts.
    async fn make_secret(&self, key: &ClientKey) -> Result<Secret, DirectoryError> {
        let path = ["clients", key.as_str(), "client-secret"];
        for _ in 0..SECRET_ATTEMPTS {
            let call = Call::post(&path, json!({})).about(EntityKind::Client, key.as_str());
            let made = self.send(call).await?.secret().ok_or_else(|| unreadable("the response contains no secret"))?;
            if self.client_secret(key).await?.as_ref() == Some(&made) {
                return Ok(made);
            }
        }
        Err(unavailable(
            "the new secret did not take effect; another program may be changing the same client".to_owned(),
        ))
    }

    /// Returns the id of the user that represents the service account of a client.
    pub(crate) async fn account_of(&self, key: &ClientKey) -> Result<String, DirectoryError> {
        let path = ["clients", key.as_str(), "service-account-user"];
        Ok(self.read::<UserRep>(Call::get(&path).about(EntityKind::Client, key.as_str())).await?.id)
    }

    /// Returns the realm roles and client roles that an account holds directly, not through composite roles.
    async fn held_by_account(&self, account: &str) -> Result<Vec<RoleRep>, DirectoryError> {
        let held: Mappings = self.read(Call::get(&["users", account, "role-mappings"])).await?;
        let of_clients = held.client_mappings.into_values().flat_map(|client| client.mappings);
        Ok(held.realm_mappings.into_iter().chain(of_clients).collect())
    }

    /// Returns the client role that represents a permission of an API. `api` is the internal key of the API's client.
    pub(crate) async fn api_role(
        &self,
        api: &str,
        definition: &PermissionName,
    ) -> Result<Option<RoleRep>, DirectoryError> {
        if travels(definition.as_str()) {
            return self.find(Call::get(&["clients", api, "roles", definition.as_str()])).await;
        }
        let found: Vec<RoleRep> = self.read(Call::get(&["clients", api, "roles"]).query("search", definition)).await?;
        Ok(found.into_iter().find(|role| role.name == definition.as_str()))
    }
}

/// Applies the changed members to a client's representation. A name or address whose displayed form already has the
/// requested value stays as Keycloak stores it.
pub(crate) fn apply(change: &ClientChange, body: &mut Map<String, Value>) -> Result<(), DirectoryError> {
    if let Some(name) = &change.name {
        let text = |member: &str| body.get(member).and_then(Value::as_str);
        let shown = shown_client_name(text("name"), text("clientId").unwrap_or_default());
        if shown.as_ref() != Ok(name) {
            set(body, "name", name.as_str());
        }
    }
    let root = body.get("rootUrl").and_then(Value::as_str);
    let uris: Vec<String> = body
        .get("redirectUris")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|uri| uri.as_str().map(str::to_owned))
        .collect();
    let addresses =
        change.new_addresses(root, &uris).map_err(|(member, error)| DirectoryError::Member(member, error))?;
    if let Some(ClientAddresses { root_url, redirect_uris }) = addresses {
        if root.unwrap_or_default() != root_url.as_deref().unwrap_or_default() {
            // Keycloak ignores null members and clears empty ones.
            set(body, "rootUrl", root_url.unwrap_or_default());
        }
        set(body, "redirectUris", redirect_uris);
    }
    Ok(())
}

/// Returns the root URL, but only if there are redirect URIs. With a root URL alone, Keycloak would allow redirects to
/// any address below it.
fn root_url<'u>(redirect_uris: &[RedirectUri], root_url: &'u Option<RedirectUri>) -> Option<&'u RedirectUri> {
    root_url.as_ref().filter(|_| !redirect_uris.is_empty())
}

/// Attributes of a new client: public clients must use PKCE with `S256` (RFC 7636), other clients may use it.
fn attributes(kind: ClientKind) -> Value {
    match kind {
        ClientKind::Public => json!({PKCE: "S256"}),
        ClientKind::Confidential | ClientKind::MachineToMachine => json!({}),
    }
}

fn needs_secret(client: &ClientRep) -> Result<(), DirectoryError> {
    if client.public() {
        Err(DirectoryError::Invalid("a public client has neither a secret nor a service account".into()))
    } else {
        Ok(())
    }
}

#[async_trait]
impl ClientDirectory for Keycloak {
    async fn list(&self, list: &ListRequest) -> Result<Listing<Client>, DirectoryError> {
        self.list_clients(list, |client| client.is_application().then(|| client.client())).await
    }

    async fn find(&self, key: &ClientKey) -> Result<Client, DirectoryError> {
        self.ours(key, ClientRep::is_application).await?.client().map_err(unshown)
    }

    async fn find_all(&self, ids: &[ClientId]) -> Result<Vec<Client>, DirectoryError> {
        let mut found = Vec::new();
        for some in ids.chunks(AT_ONCE) {
            for client in join_all(some.iter().map(|id| self.client_rep(id.as_str()))).await {
                if let Some(client) = client?.filter(ClientRep::is_application) {
                    found.push(client.client().map_err(unshown)?);
                }
            }
        }
        Ok(found)
    }

    async fn create(&self, new: &NewClient) -> Result<Client, DirectoryError> {
        let mut body = json!({
            "name": new.name, "publicClient": !new.kind.has_secret(), "standardFlowEnabled": new.kind.signs_in(),
            "serviceAccountsEnabled": new.kind.has_secret(), "directAccessGrantsEnabled": false,
            "implicitFlowEnabled": false, "rootUrl": root_url(&new.redirect_uris, &new.root_url),
            "redirectUris": new.redirect_uris,
            // Tokens carry only the permissions that the client scope maps, not all roles of the user.
            "fullScopeAllowed": false,
            // Clients in the configuration belong to the operator and need no consent. Other applications need the
            // user's consent.
            "consentRequired": new.kind.signs_in() && !self.is_starting(),
            "attributes": attributes(new.kind),
        });
        if let (Some(secret), true, Value::Object(body)) = (&new.secret, new.kind.has_secret(), &mut body) {
            body.insert("secret".to_owned(), json!(secret.expose()));
        }
        let key = self.create_client(new.client_id.as_str(), body).await?;
        ClientDirectory::find(self, &key).await
    }

    async fn update(&self, key: &ClientKey, change: &ClientChange) -> Result<(), DirectoryError> {
        self.ours(key, ClientRep::is_application).await?;
        self.change_client(key, |body| apply(change, body)).await
    }

    async fn delete(&self, key: &ClientKey) -> Result<(), DirectoryError> {
        let client = self.ours(key, ClientRep::is_application).await?;
        let principal = Principal::Client(nearest(&client.client_id, ClientId::parse).map_err(unshown)?);
        self.taking_away(principal, self.delete_client(key)).await
    }

    async fn secret(&self, key: &ClientKey) -> Result<Option<Secret>, DirectoryError> {
        let client = self.ours(key, ClientRep::is_application).await?;
        if client.public() {
            return Ok(None);
        }
        self.client_secret(key).await
    }

    async fn renew_secret(&self, key: &ClientKey) -> Result<Secret, DirectoryError> {
        needs_secret(&self.ours(key, ClientRep::is_application).await?)?;
        self.exclusively(EntityKind::Client, key.as_str(), self.make_secret(key)).await
    }

    async fn permissions(&self, key: &ClientKey) -> Result<Vec<Permission>, DirectoryError> {
        if self.ours(key, ClientRep::is_application).await?.public() {
            return Ok(Vec::new());
        }
        let account = self.account_of(key).await?;
        let roles = self.with_contained(self.held_by_account(&account).await?).await?;
        Ok(self.permissions_of(roles).await?.into_iter().collect())
    }

    async fn grant_permission(&self, key: &ClientKey, permission: &Permission) -> Result<(), DirectoryError> {
        needs_secret(&self.ours(key, ClientRep::is_application).await?)?;
        let (api, role) = self.permission_role(permission).await?;
        let account = self.account_of(key).await?;
        let path = ["users", &account, "role-mappings", "clients", api.as_str()];
        let call = Call::post(&path, items(&role)).for_account_of(key.as_str());
        let granting = self.send(call.about(EntityKind::Client, key.as_str()));
        self.exclusively(EntityKind::Client, key.as_str(), granting).await.map(|_| ())
    }

    async fn revoke_permission(&self, key: &ClientKey, permission: &Permission) -> Result<(), DirectoryError> {
        let client = self.ours(key, ClientRep::is_application).await?;
        needs_secret(&client)?;
        let (api, role) = self.permission_role(permission).await?;
        let account = self.account_of(key).await?;
        let direct = self.held_by_account(&account).await?;
        self.is_itself_in(&direct, &role, || self.with_contained(direct.clone())).await?;
        let path = ["users", &account, "role-mappings", "clients", api.as_str()];
        let call = Call::delete_items(&path, items(&role)).for_account_of(key.as_str());
        let revoking = self.send(call.about(EntityKind::Client, key.as_str()));
        let revoking = self.exclusively(EntityKind::Client, key.as_str(), revoking);
        let principal = Principal::Client(nearest(&client.client_id, ClientId::parse).map_err(unshown)?);
        self.taking_away(principal, revoking).await.map(|_| ())
    }
}

/// Returns [`DirectoryError::Foreign`] for a client that exists but is not managed by Identity.
pub(crate) fn foreign(client_id: &str) -> DirectoryError {
    DirectoryError::Foreign(AuditEntity { kind: EntityKind::Client, key: client_id.to_owned() })
}
