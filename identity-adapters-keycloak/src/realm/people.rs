//! Provisioning of users. A username proves nothing, because any person may have registered with it. Roles and groups
//! are given only to accounts that this server created, or that the configuration identifies by id or by a link to an
//! identity provider.

use identity_core::entity::{AuditEntity, EntityKind};
use identity_core::port::{DirectoryError, GroupDirectory, UserDirectory};
use identity_core::value::{Name, RoleId, Username};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Pass, PersonSeed};
use crate::call::Call;
use crate::change::{Representation, set_attributes};
use crate::wire::{UserRep, unfit};

/// Prefix of client scope attributes that store, by username, the ids of the accounts that this server created. Unlike
/// attributes of users, only administrators of the realm can write them.
const MADE: &str = "identity.made.user.";
/// Reason to refuse roles and groups for an account, with advice for the operator.
const UNPROVEN: &str = "this server did not create this account, so its username does not prove an identity; \
    configure it by `id`, or by `identity-provider` and `identity-provider-user-id`, below `keycloak.users`";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Link {
    identity_provider: String,
    user_id: String,
}

impl Pass<'_> {
    pub(super) async fn person(&mut self, seed: &PersonSeed, scope: Option<&str>) -> Result<(), DirectoryError> {
        let username = &seed.new.username;
        let id = match (self.account_of(seed).await?, &seed.id) {
            (Some(id), _) => id,
            (None, Some(id)) => return Err(DirectoryError::missing(EntityKind::User, id)),
            (None, None) => {
                if !self.change(format!("user {username}")) {
                    return Ok(());
                }
                let id = UserDirectory::create(self.keycloak, &seed.new).await?.id;
                self.made();
                self.remember(seed, &id, scope).await?;
                id
            }
        };
        let lacks_roles = self.lacking_roles(seed, &id).await?;
        let lacks_groups = self.lacking_groups(seed, &id).await?;
        if lacks_roles.is_empty() && lacks_groups.is_empty() {
            return Ok(());
        }
        if !self.is_proven(seed, &id, scope).await? {
            let entity = AuditEntity { kind: EntityKind::User, key: username.to_string() };
            return Err(DirectoryError::Protected { entity, reason: UNPROVEN });
        }
        for role in lacks_roles {
            if self.change(format!("role {role} for user {username}")) {
                UserDirectory::assign_role(self.keycloak, &id, role).await?;
                self.made();
            }
        }
        for group in lacks_groups {
            let group_id = self.group(group).await?;
            if let (true, Some(group_id)) = (self.change(format!("group {group} for user {username}")), group_id) {
                self.keycloak.add_member(&group_id, &id).await?;
                self.made();
            }
        }
        Ok(())
    }

    /// Returns the id of the configured account, found by id or else by username; `None` if it does not exist.
    async fn account_of(&self, seed: &PersonSeed) -> Result<Option<Username>, DirectoryError> {
        if let Some(id) = &seed.id {
            let call = Call::get(&["users", id.as_str()]).about(EntityKind::User, id.as_str());
            let found: Option<UserRep> = self.keycloak.find(call).await?;
            return Ok(found.map(|_| id.clone()));
        }
        let call = Call::get(&["users"]).query("username", &seed.new.username).query("exact", true);
        let found: Vec<UserRep> = self.keycloak.read(call).await?;
        found.first().map(|found| Username::parse(&found.id).map_err(unfit)).transpose()
    }

    async fn lacking_roles<'s>(&self, seed: &'s PersonSeed, id: &Username) -> Result<Vec<&'s RoleId>, DirectoryError> {
        if seed.roles.is_empty() {
            return Ok(Vec::new());
        }
        let held = UserDirectory::roles(self.keycloak, id).await?;
        Ok(seed.roles.iter().filter(|role| held.iter().all(|held| held.id != **role)).collect())
    }

    async fn lacking_groups<'s>(&self, seed: &'s PersonSeed, id: &Username) -> Result<Vec<&'s Name>, DirectoryError> {
        if seed.groups.is_empty() {
            return Ok(Vec::new());
        }
        let held = UserDirectory::groups(self.keycloak, id).await?;
        let mut lacking = Vec::new();
        for group in &seed.groups {
            let found = self.found_group(group).await?;
            if found.is_none_or(|found| held.iter().all(|held| held.id != found)) {
                lacking.push(group);
            }
        }
        Ok(lacking)
    }

    /// Whether `id` is proven to be the configured account: by its id, by its identity provider link, or because this
    /// server created it. An equal username is no proof.
    pub(super) async fn is_proven(
        &self,
        seed: &PersonSeed,
        id: &Username,
        scope: Option<&str>,
    ) -> Result<bool, DirectoryError> {
        if let Some(named) = &seed.id {
            return Ok(named == id);
        }
        if let Some((provider, user)) = &seed.link {
            let path = ["users", id.as_str(), "federated-identity"];
            let links: Vec<Link> = self.keycloak.read(Call::get(&path)).await?;
            return Ok(links.iter().any(|link| link.identity_provider == *provider && link.user_id == *user));
        }
        let Some(scope) = scope else { return Ok(false) };
        let scope: Value = self.keycloak.read(Call::get(&["client-scopes", scope])).await?;
        let made = scope.get("attributes").and_then(|all| all.get(made(seed))).and_then(Value::as_str);
        Ok(made == Some(id.as_str()))
    }

    /// Records in the client scope that this server created an account. Without a client scope, nothing is recorded.
    async fn remember(&self, seed: &PersonSeed, id: &Username, scope: Option<&str>) -> Result<(), DirectoryError> {
        let Some(scope) = scope else { return Ok(()) };
        let path = ["client-scopes", scope];
        let (kind, unique) = (EntityKind::Resource, crate::wire::SCOPE);
        let of = Representation { path: &path, kind, key: scope, unique, guarded: &[] };
        let name = made(seed);
        let set = |body: &mut Map<String, Value>| {
            set_attributes(body, [(name.as_str(), id.to_string())]);
            Ok(())
        };
        self.keycloak.rewrite(of, set).await.map(|_| ())
    }
}

fn made(seed: &PersonSeed) -> String {
    format!("{MADE}{}", seed.new.username.as_str().to_lowercase())
}
