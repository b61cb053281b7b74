//! Provisioning of a realm from the configuration: missing entities are created, and existing ones are completed.
//! Nothing is ever removed, and entities that Identity does not manage are not changed.

mod clients;
mod groups;
mod parties;
mod people;
mod plan;
mod presets;
mod registration;
mod scope;
mod scope_mappings;

use identity_core::entity::{ApiPermission, EntityKind, Permission, Role};
use identity_core::port::{ApiDirectory, DirectoryError, RoleDirectory};
use identity_core::search::{ListRequest, PageRequest};
use identity_core::value::{Audience, ClientKey, Name};
use serde::Deserialize;
use serde_json::{Value, json};
use tracing::info;

pub use plan::{ClientSeed, OwnClient, PersonSeed, RealmPlan, SignOutUrls};
pub use presets::{ClientPreset, Component, Preset, preset};

use crate::Keycloak;
use crate::call::Call;
use crate::clients::foreign;
use crate::settings::Credentials;
use crate::wire::{RoleRep, SCOPE, unfit};

/// Name of the role of all users. An administrator can add permissions to it (docs/reference/management-api.md §4.2).
const DEFAULT_ROLE: &str = "Default user role";

/// Error that prevented the provisioning of one part of a realm.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{what}: {error}")]
pub struct RealmProblem {
    /// The affected entity or part of the realm, such as `role Operate`.
    pub what: String,
    /// The underlying error, without the name of the part.
    pub error: DirectoryError,
}

/// Outcome of provisioning a realm, or of a dry run.
#[derive(Clone, Debug, Default)]
pub struct Done {
    /// Changes that were made or, after a dry run, are required; as texts without secrets.
    pub changes: Vec<String>,
    /// Errors of single entities. The pass continued with all other entities.
    pub problems: Vec<RealmProblem>,
}

/// One pass over a realm. It makes the missing changes if `make` is set, and only lists them otherwise (dry run).
struct Pass<'k> {
    keycloak: &'k Keycloak,
    make: bool,
    /// The change that [`Pass::change`] announced and that is not completed yet.
    pending: Option<String>,
    done: Done,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RealmRep {
    default_role: Option<RoleRep>,
}

impl Keycloak {
    /// Returns the changes that the plan requires, without making them (dry run).
    ///
    /// # Errors
    /// When Keycloak is unavailable or denies access to this server.
    pub async fn missing(&self, plan: &RealmPlan) -> Result<Done, RealmProblem> {
        Pass::looking(&self.for_start()).run(plan).await
    }

    /// Makes the changes that the plan requires. After an error, completed changes stay, and the next pass continues.
    /// Callers must not run two passes at the same time.
    ///
    /// # Errors
    /// When Keycloak is unavailable or denies access to this server. Errors of single entities are part of the outcome.
    pub async fn initialise(&self, plan: &RealmPlan) -> Result<Done, RealmProblem> {
        Pass { keycloak: &self.for_start(), make: true, pending: None, done: Done::default() }.run(plan).await
    }
}

impl<'k> Pass<'k> {
    /// Creates a pass that only lists changes (dry run).
    fn looking(keycloak: &'k Keycloak) -> Self {
        Self { keycloak, make: false, pending: None, done: Done::default() }
    }
}

impl Pass<'_> {
    async fn run(mut self, plan: &RealmPlan) -> Result<Done, RealmProblem> {
        let outcome = self.realm().await;
        let there = self.noted("the realm", outcome)?.unwrap_or(false);
        if !there {
            // In a dry run without a realm, there is nothing else to compare.
            return Ok(self.done);
        }
        // This check comes first: nothing may be changed in the realm of another installation.
        let outcome = self.keycloak.unmarked_scope().await;
        self.noted("the installation", outcome)?;
        let outcome = self.client_scope().await;
        let scope = self.noted("the client scope", outcome)?.flatten();
        let outcome = self.mark().await;
        self.noted("the installation", outcome)?;
        let outcome = self.default_role().await;
        self.noted("the default role", outcome)?;
        for (audience, name, permissions) in &plan.apis {
            let outcome = self.api(audience, name, permissions).await;
            self.noted(&format!("api {audience}"), outcome)?;
        }
        if let Some(scope) = &scope {
            let outcome = self.scope_mappings(scope).await;
            self.noted("the scope mappings", outcome)?;
        }
        let outcome = self.own_client(plan, scope.as_deref()).await;
        self.noted("this server's own client", outcome)?;
        for role in &plan.roles {
            let outcome = self.role(role).await;
            self.noted(&format!("role {}", role.id), outcome)?;
        }
        for client in &plan.clients {
            let outcome = self.client(client).await;
            self.noted(&format!("client {}", client.new.client_id), outcome)?;
        }
        for name in &plan.groups {
            let outcome = self.group(name).await;
            self.noted(&format!("group {name}"), outcome)?;
        }
        for person in &plan.people {
            let outcome = self.person(person, scope.as_deref()).await;
            self.noted(&format!("user {}", person.new.username), outcome)?;
        }
        Ok(self.done)
    }

    /// Records an error of one entity and returns `None`. Returns an error only if it affects the whole pass.
    fn noted<T>(&mut self, what: &str, outcome: Result<T, DirectoryError>) -> Result<Option<T>, RealmProblem> {
        match outcome {
            Ok(value) => Ok(Some(value)),
            Err(error @ (DirectoryError::Unavailable { .. } | DirectoryError::Refused(_))) => {
                Err(RealmProblem { what: what.to_owned(), error })
            }
            Err(error) => {
                self.done.problems.push(RealmProblem { what: what.to_owned(), error });
                Ok(None)
            }
        }
    }

    /// Announces a change, and returns whether to make it (`false` in a dry run). After completion, the caller must
    /// call [`Pass::made`].
    fn change(&mut self, what: impl Into<String>) -> bool {
        if self.make {
            self.pending = Some(what.into());
        } else {
            self.done.changes.push(what.into());
        }
        self.make
    }

    /// Records that the change announced last was made, and logs it.
    fn made(&mut self) {
        if let Some(what) = self.pending.take() {
            info!(what, "keycloak.entity.created");
            self.done.changes.push(what);
        }
    }

    /// Ensures that the realm exists. Returns `false` if it is missing in a dry run. Only an administrator of all
    /// realms can create it.
    async fn realm(&mut self) -> Result<bool, DirectoryError> {
        let name = self.keycloak.shared.settings.realm.clone();
        let found: Option<Value> = self.keycloak.find(Call::get(&[]).about(EntityKind::Resource, &name)).await?;
        if found.is_some() {
            return Ok(true);
        }
        if !matches!(self.keycloak.shared.settings.credentials, Credentials::Administrator { .. }) {
            return Err(DirectoryError::Refused(format!("the realm `{name}` does not exist")));
        }
        if !self.change(format!("realm {name}")) {
            return Ok(false);
        }
        let body = json!({"id": name, "realm": name, "enabled": true});
        let call = Call::post(&[], body).of_all_realms().patiently().about(EntityKind::Resource, &name);
        match self.keycloak.send(call).await {
            Ok(_) => {
                self.made();
                Ok(true)
            }
            // Another program has created the realm in the meantime.
            Err(DirectoryError::Conflict(_)) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Marks the realm with the id of this installation. Fails if another installation manages the realm.
    async fn mark(&mut self) -> Result<(), DirectoryError> {
        if let Some(scope) = self.keycloak.unmarked_scope().await?
            && self.change("mark of this installation")
        {
            self.keycloak.set_mark(&scope).await?;
            self.made();
        }
        Ok(())
    }

    async fn default_role(&mut self) -> Result<(), DirectoryError> {
        let realm: RealmRep = self.keycloak.read(Call::get(&[])).await?;
        let Some(everybody) = realm.default_role else { return Ok(()) };
        let role = plan::role(DEFAULT_ROLE, "Permissions of all users").map_err(unfit)?;
        match self.keycloak.role_rep(&role.id).await {
            Ok(_) => {}
            Err(DirectoryError::Missing(_)) => {
                if !self.change(format!("role {}", role.id)) {
                    return Ok(());
                }
                RoleDirectory::create(self.keycloak, &role).await?;
                self.made();
            }
            Err(error) => return Err(error),
        }
        let role = self.keycloak.role_rep(&role.id).await?;
        if role.id == everybody.id {
            return Ok(());
        }
        let path = ["roles-by-id", &everybody.id, "composites"];
        let composites: Vec<RoleRep> = self.keycloak.read(Call::get(&path)).await?;
        if composites.iter().all(|one| one.id != role.id) && self.change("the default role of all users") {
            self.keycloak.send(Call::post(&path, json!([{"id": role.id, "name": role.name}]))).await?;
            self.made();
        }
        Ok(())
    }

    /// Ensures that tokens can carry the permissions of all APIs, and that the client scope applies to tokens of all
    /// users.
    async fn scope_mappings(&mut self, scope: &str) -> Result<(), DirectoryError> {
        let page = PageRequest { offset: 0, limit: usize::MAX };
        for api in ApiDirectory::list(self.keycloak, &ListRequest { search: None, page }).await?.items {
            let unmapped = self.keycloak.unmapped_permissions(scope, &api.key).await?;
            if !unmapped.is_empty() && self.change(format!("permissions of api {} in tokens", api.audience)) {
                self.keycloak.map_permissions(&api.key).await?;
                self.made();
            }
        }
        let role = plan::role(DEFAULT_ROLE, "Permissions of all users").map_err(unfit)?;
        let role = match self.keycloak.role_rep(&role.id).await {
            Ok(role) => role,
            // In a dry run, the role may not exist yet.
            Err(DirectoryError::Missing(_)) => return Ok(()),
            Err(error) => return Err(error),
        };
        if !self.keycloak.scope_is_for(scope, &role).await?
            && self.change(format!("client scope {SCOPE} for all users"))
        {
            self.keycloak.map_role(scope, &role).await?;
            self.made();
        }
        Ok(())
    }

    async fn api(
        &mut self,
        audience: &Audience,
        name: &Name,
        permissions: &[ApiPermission],
    ) -> Result<(), DirectoryError> {
        let found = self.keycloak.client_rep(audience.as_str()).await?;
        let Some(found) = found else {
            if self.change(format!("api {audience}")) {
                ApiDirectory::create(self.keycloak, audience, name, permissions).await?;
                self.made();
            }
            return Ok(());
        };
        if !found.is_api() {
            return Err(foreign(audience.as_str()));
        }
        let key = ClientKey::parse(&found.id).map_err(unfit)?;
        let known = ApiDirectory::permissions(self.keycloak, &key).await?;
        for permission in permissions {
            if known.iter().all(|known| known.definition != permission.definition)
                && self.change(format!("permission {} of api {audience}", permission.definition))
            {
                self.keycloak.add_permission(&key, permission).await?;
                self.made();
            }
        }
        Ok(())
    }

    async fn role(&mut self, role: &Role) -> Result<(), DirectoryError> {
        match RoleDirectory::find(self.keycloak, &role.id).await {
            Ok(found) => {
                for permission in role.permissions.difference(&found.permissions) {
                    let Permission { audience, definition } = permission;
                    if self.change(format!("permission {definition} of {audience} for role {}", role.id)) {
                        RoleDirectory::grant_permission(self.keycloak, &role.id, permission).await?;
                        self.made();
                    }
                }
                Ok(())
            }
            Err(DirectoryError::Missing(_)) => {
                if self.change(format!("role {}", role.id)) {
                    RoleDirectory::create(self.keycloak, role).await?;
                    self.made();
                }
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}
