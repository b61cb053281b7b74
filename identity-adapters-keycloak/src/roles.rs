//! Realm roles that Identity manages, and the client roles that they contain, which represent permissions of APIs.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use futures_util::future::try_join;
use identity_core::entity::{EntityKind, Permission, Role};
use identity_core::port::{DirectoryError, RoleDirectory};
use identity_core::search::{ListRequest, Listing, PageRequest};
use identity_core::value::{Audience, ClientKey, Description, PermissionName, RoleId, is_visible_form, nearest};
use serde_json::{Map, Value, json};

use crate::Keycloak;
use crate::bounds;
use crate::call::Call;
use crate::change::{Representation, set};
use crate::readable::{Elements, unshown};
use crate::wire::{ClientRef, ClientRep, ROLE_ATTRIBUTE, RoleRep, unfit};

/// Number of elements per request when a list must be filtered by this server.
const BATCH: usize = 100;

/// A page of a list that Keycloak cannot filter. Batches are read and filtered here until the page is full and it is
/// known whether more items follow.
pub(crate) struct Sieve<U> {
    page: PageRequest,
    first: usize,
    passed: usize,
    items: Vec<U>,
}

impl<U> Sieve<U> {
    pub(crate) fn new(list: &ListRequest) -> Self {
        Self { page: list.page, first: 0, passed: 0, items: Vec::new() }
    }

    /// Adds the query parameters of the next batch to a call.
    pub(crate) fn batch<'c>(&self, call: Call<'c>) -> Call<'c> {
        call.query("first", self.first).query("max", BATCH)
    }

    /// Adds the items of a batch for which `keep` returns a value. Returns the page if it is complete; otherwise the
    /// error is the state for the next batch.
    pub(crate) fn put<T>(mut self, batch: Elements<T>, keep: impl Fn(T) -> Option<U>) -> Result<Listing<U>, Self> {
        let ended = batch.read < BATCH;
        for item in batch.items.into_iter().filter_map(keep) {
            if self.passed >= self.page.offset && self.items.len() < self.page.limit {
                self.items.push(item);
            }
            self.passed += 1;
        }
        self.first += BATCH;
        if ended {
            Ok(Listing { items: self.items, total: Some(self.passed) })
        } else if self.passed > self.page.offset.saturating_add(self.page.limit) {
            Ok(Listing { items: self.items, total: None })
        } else {
            Err(self)
        }
    }
}

impl Keycloak {
    /// Returns a role that Identity manages, by its name or the displayed form of its name. Its permissions are not
    /// read.
    pub(crate) async fn role_rep(&self, id: &RoleId) -> Result<RoleRep, DirectoryError> {
        let found = if travels(id.as_str()) {
            self.find(Call::get(&["roles", id.as_str()]).about(EntityKind::Role, id.as_str())).await?
        } else {
            let search = Call::get(&["roles"]).query("search", id).query("briefRepresentation", false);
            let found: Vec<RoleRep> = self.read_list(EntityKind::Role, search).await?.items;
            found.into_iter().find(|role| role.name == id.as_str())
        };
        match found.filter(RoleRep::is_ours) {
            Some(found) => Ok(found),
            None if is_visible_form(id.as_str()) => self.role_shown_as(id).await,
            None => Err(DirectoryError::missing(EntityKind::Role, id)),
        }
    }

    /// Returns the role whose name has the displayed form `id`. Reads all roles of the realm.
    async fn role_shown_as(&self, id: &RoleId) -> Result<RoleRep, DirectoryError> {
        let page = PageRequest { offset: 0, limit: usize::MAX };
        let call = || Call::get(&["roles"]).query("briefRepresentation", false);
        let all: Elements<RoleRep> = self.read_page(EntityKind::Role, page, call).await?;
        let shown = |role: &RoleRep| role.is_ours() && nearest(&role.name, RoleId::parse).as_ref() == Ok(id);
        all.items.into_iter().find(shown).ok_or_else(|| DirectoryError::missing(EntityKind::Role, id))
    }

    fn shown_roles(&self, roles: impl Iterator<Item = RoleRep>) -> Vec<Role> {
        roles.filter_map(|role| self.shown_role(role)).collect()
    }

    fn shown_role(&self, role: RoleRep) -> Option<Role> {
        let id = role.id.clone();
        self.shown(EntityKind::Role, &id, role.role())
    }

    /// Returns the roles of Identity that a user or group holds directly, sorted by id. `holders` is `users` or
    /// `groups`.
    pub(crate) async fn held_roles(
        &self,
        holders: &'static str,
        kind: EntityKind,
        id: &str,
    ) -> Result<Vec<Role>, DirectoryError> {
        let direct = Call::get(&[holders, id, "role-mappings", "realm"]).about(kind, id);
        let all = Call::get(&[holders, id, "role-mappings", "realm", "composite"]).about(kind, id);
        // Only the list of effective roles contains the attribute that marks the roles of Identity.
        let all = self.read_list::<RoleRep>(EntityKind::Role, all.query("briefRepresentation", false));
        let (direct, all) = try_join(self.read_list::<RoleRep>(EntityKind::Role, direct), all).await?;
        let ours: BTreeSet<&str> =
            all.items.iter().filter(|role| role.is_ours()).map(|role| role.id.as_str()).collect();
        let held = direct.items.into_iter().filter(|role| ours.contains(role.id.as_str()));
        let mut roles = self.shown_roles(held);
        roles.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(roles)
    }

    /// Assigns a realm role to a user or group. `holders` is `users` or `groups`.
    pub(crate) async fn assign_realm_role(
        &self,
        holders: &'static str,
        kind: EntityKind,
        id: &str,
        role: &RoleId,
    ) -> Result<(), DirectoryError> {
        let role = items(&self.role_rep(role).await?);
        self.send(Call::post(&[holders, id, "role-mappings", "realm"], role).about(kind, id)).await.map(|_| ())
    }

    /// Removes a realm role from a user or group. `holders` is `users` or `groups`.
    pub(crate) async fn unassign_realm_role(
        &self,
        holders: &'static str,
        kind: EntityKind,
        id: &str,
        role: &RoleId,
    ) -> Result<(), DirectoryError> {
        let role = items(&self.role_rep(role).await?);
        self.send(Call::delete_items(&[holders, id, "role-mappings", "realm"], role).about(kind, id)).await.map(|_| ())
    }

    /// Returns the client id of a client, and whether it is an API. Uses the cache if possible. `None` if the client
    /// does not exist.
    pub(crate) async fn client_ref(&self, key: &ClientKey) -> Result<Option<ClientRef>, DirectoryError> {
        if let Some(known) = self.shared.clients.get(key) {
            return Ok(Some(known));
        }
        let call = Call::get(&["clients", key.as_str()]).about(EntityKind::Client, key.as_str());
        let found: Option<ClientRep> = self.find(call).await?;
        let found = found.map(|client| client.reference());
        if let Some(client) = &found {
            self.shared.clients.insert(key.clone(), client.clone());
        }
        Ok(found)
    }

    /// Returns the client role that represents a permission, with the key of its API. Fails if either does not exist.
    pub(crate) async fn permission_role(
        &self,
        permission: &Permission,
    ) -> Result<(ClientKey, RoleRep), DirectoryError> {
        let Permission { audience, definition } = permission;
        let api = self.client_rep(audience.as_str()).await?.filter(ClientRep::is_api);
        let api = api.ok_or_else(|| DirectoryError::missing(EntityKind::Client, audience))?;
        let role = self.api_role(&api.id, definition).await?;
        let missing = || DirectoryError::missing(EntityKind::Resource, definition);
        Ok((ClientKey::parse(&api.id).map_err(unfit)?, role.ok_or_else(missing)?))
    }

    /// Fails if a role is held only through another role, because removing it directly would have no effect.
    pub(crate) async fn is_itself_in<F: Future<Output = Result<Vec<RoleRep>, DirectoryError>>>(
        &self,
        direct: &[RoleRep],
        role: &RoleRep,
        all: impl FnOnce() -> F,
    ) -> Result<(), DirectoryError> {
        if direct.iter().any(|one| one.id == role.id) || all().await?.iter().all(|one| one.id != role.id) {
            return Ok(());
        }
        Err(DirectoryError::Invalid(
            "the permission is inherited from another role; remove it from that role".to_owned(),
        ))
    }

    /// Returns the permissions that client roles represent. Ignores realm roles, and roles of clients that are not APIs
    /// of Identity.
    pub(crate) async fn permissions_of(&self, roles: Vec<RoleRep>) -> Result<BTreeSet<Permission>, DirectoryError> {
        let mut by_client: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for role in roles.into_iter().filter(|role| role.client_role) {
            by_client.entry(role.container_id.unwrap_or_default()).or_default().push(role.name);
        }
        let mut permissions = BTreeSet::new();
        for (key, names) in by_client {
            let client = self.client_ref(&ClientKey::parse(&key).map_err(unfit)?).await?;
            let Some(api) = client.filter(|client| client.api) else { continue };
            let shown = self.shown(EntityKind::Client, &key, nearest(&api.client_id, Audience::parse));
            let Some(audience) = shown else { continue };
            for name in names {
                let shown = self.shown(EntityKind::Resource, &key, nearest(&name, PermissionName::parse));
                let permission = |definition| Permission { audience: audience.clone(), definition };
                permissions.extend(shown.map(permission));
            }
        }
        Ok(permissions)
    }
}

/// Whether a name can be sent as a path segment: without `/`, `\`, `;` and `%`, and neither `.` nor `..`.
pub(crate) fn travels(name: &str) -> bool {
    !name.contains(['/', '\\', ';', '%']) && name != "." && name != ".."
}

#[async_trait]
impl RoleDirectory for Keycloak {
    async fn list(&self, list: &ListRequest) -> Result<Listing<Role>, DirectoryError> {
        bounds::search(list.search.as_deref())?;
        let mut sieve = Sieve::new(list);
        loop {
            let mut call = sieve.batch(Call::get(&["roles"]).query("briefRepresentation", false));
            if let Some(search) = &list.search {
                call = call.query("search", search);
            }
            let batch: Elements<RoleRep> = self.read_list(EntityKind::Role, call).await?;
            match sieve.put(batch, |role| role.is_ours().then(|| self.shown_role(role)).flatten()) {
                Ok(listing) => return Ok(listing),
                Err(more) => sieve = more,
            }
        }
    }

    async fn find(&self, id: &RoleId) -> Result<Role, DirectoryError> {
        let found = self.role_rep(id).await?;
        let role = found.clone().role().map_err(unshown)?;
        let permissions = self.permissions_of(self.with_contained(vec![found]).await?).await?;
        Ok(Role { permissions, ..role })
    }

    async fn create(&self, role: &Role) -> Result<(), DirectoryError> {
        let mut composites: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for permission in &role.permissions {
            self.permission_role(permission).await?;
            composites.entry(permission.audience.as_str()).or_default().push(permission.definition.as_str());
        }
        // One call creates the complete role or nothing.
        let mut body = json!({
            "name": role.id, "description": role.description, "attributes": {ROLE_ATTRIBUTE: ["true"]},
        });
        if let (false, Value::Object(body)) = (composites.is_empty(), &mut body) {
            body.insert("composite".to_owned(), json!(true));
            body.insert("composites".to_owned(), json!({"client": composites}));
        }
        self.send(Call::post(&["roles"], body).about(EntityKind::Role, role.id.as_str())).await.map(|_| ())
    }

    async fn describe(&self, id: &RoleId, description: &Description) -> Result<(), DirectoryError> {
        let found = self.role_rep(id).await?;
        let (path, key) = (["roles-by-id", found.id.as_str()], id.as_str());
        let of = Representation { path: &path, kind: EntityKind::Role, key, unique: key, guarded: &[] };
        let change = |body: &mut Map<String, Value>| {
            let known = crate::wire::description(body.get("description").and_then(Value::as_str));
            if known != *description {
                set(body, "description", description.as_str());
            }
            Ok(())
        };
        self.rewrite(of, change).await.map(|_| ())
    }

    async fn delete(&self, id: &RoleId) -> Result<(), DirectoryError> {
        let deleting = async {
            let found = self.role_rep(id).await?;
            self.send(Call::delete(&["roles-by-id", &found.id]).about(EntityKind::Role, id.as_str())).await
        };
        self.exclusively(EntityKind::Role, id.as_str(), deleting).await.map(|_| ())
    }

    async fn grant_permission(&self, id: &RoleId, permission: &Permission) -> Result<(), DirectoryError> {
        let found = self.role_rep(id).await?;
        let (_, role) = self.permission_role(permission).await?;
        let path = ["roles-by-id", found.id.as_str(), "composites"];
        let granting = self.send(Call::post(&path, items(&role)).about(EntityKind::Role, id.as_str()));
        self.exclusively(EntityKind::Role, id.as_str(), granting).await.map(|_| ())
    }

    async fn revoke_permission(&self, id: &RoleId, permission: &Permission) -> Result<(), DirectoryError> {
        let found = self.role_rep(id).await?;
        let (_, role) = self.permission_role(permission).await?;
        let direct = self.directly_in(&found.id).await?;
        self.is_itself_in(&direct, &role, || self.with_contained(vec![found.clone()])).await?;
        let path = ["roles-by-id", found.id.as_str(), "composites"];
        let revoking = self.send(Call::delete_items(&path, items(&role)).about(EntityKind::Role, id.as_str()));
        self.exclusively(EntityKind::Role, id.as_str(), revoking).await.map(|_| ())
    }
}

/// Returns a JSON array with id and name of one role, as the body of a request.
pub(crate) fn items(role: &RoleRep) -> serde_json::Value {
    json!([{"id": role.id, "name": role.name}])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(offset: usize, limit: usize, of: usize) -> (Vec<usize>, Option<usize>, usize) {
        let list = ListRequest { search: None, page: PageRequest { offset, limit } };
        let (mut sieve, mut batches) = (Sieve::new(&list), 0);
        loop {
            batches += 1;
            let items: Vec<usize> = (sieve.first..of.min(sieve.first + BATCH)).collect();
            let batch = Elements { read: items.len(), items };
            match sieve.put(batch, |number: usize| number.is_multiple_of(2).then_some(number)) {
                Ok(listing) => return (listing.items, listing.total, batches),
                Err(more) => sieve = more,
            }
        }
    }

    #[test]
    fn a_sieved_page_reads_no_more_than_it_must() {
        assert_eq!(page(0, 3, 10), (vec![0, 2, 4], Some(5), 1));
        assert_eq!(page(1, 2, 1000), (vec![2, 4], None, 1));
        assert_eq!(page(60, 2, 1000), (vec![120, 122], None, 2));
        assert_eq!(page(600, 2, 1000), (vec![], Some(500), 11));
    }
}
