//! Applications (OAuth clients) and APIs (resource servers) in a directory, and the permissions on APIs.

use std::sync::Arc;

use super::{Authorizer, Caller, Deletions, ListRequest, ServiceError, Written};
use crate::decide::Question;
use crate::entity::{
    Api, ApiPermission, AuditDraft, AuditEntity, AuditOperation, Client, ClientChange, Deletable, EntityKind, Field,
    FieldChanges, NewClient, Party, Permission,
};
use crate::port::{ApiDirectory, ClientDirectory, DirectoryError};
use crate::preset::{IDENTITY_AUDIENCE, READ_SECRETS};
use crate::search::Listing;
use crate::value::{Audience, ClientKey, Name, PermissionName, Secret, Version};

/// Manages applications (OAuth clients) in a directory, with their secrets and permissions.
pub struct Clients {
    authorizer: Authorizer,
    directory: Arc<dyn ClientDirectory>,
    deletions: Arc<Deletions>,
}

impl Clients {
    /// Creates the service. `deletions` deletes the stored access of an application together with its entry in
    /// `directory`.
    #[must_use]
    pub fn new(authorizer: Authorizer, directory: Arc<dyn ClientDirectory>, deletions: Arc<Deletions>) -> Self {
        Self { authorizer, directory, deletions }
    }

    async fn version(&self, key: &ClientKey) -> Result<Version, DirectoryError> {
        Ok(self.directory.find(key).await?.version())
    }

    /// Lists applications by client ID. A search matches any part of the client ID, ignoring case.
    ///
    /// # Errors
    /// When the caller lacks read permission or the directory fails.
    pub async fn list(&self, caller: &Caller, list: &ListRequest) -> Result<Listing<Client>, ServiceError> {
        self.authorizer.ask(caller, (EntityKind::Client, ""), self.directory.list(list)).await
    }

    /// Returns the application with this directory key, which differs from its OAuth client ID.
    ///
    /// # Errors
    /// When the caller lacks read permission, there is no such application, or the directory fails.
    pub async fn find(&self, caller: &Caller, key: &str) -> Result<Client, ServiceError> {
        let parsed = client_key(key)?;
        self.authorizer.ask(caller, (EntityKind::Client, key), self.directory.find(&parsed)).await
    }

    /// Returns the client secret of an application; `None` if it is public. Recorded in the audit log, because the
    /// secret allows acting as the application.
    ///
    /// # Errors
    /// When the caller lacks read permission or the permission `read:secrets`, there is no such application, it is
    /// protected, or the directory fails.
    pub async fn secret(&self, caller: &Caller, key: &str) -> Result<Option<Secret>, ServiceError> {
        let parsed = client_key(key)?;
        let attempt = draft(AuditOperation::Read, key);
        self.require_secrets(caller, &attempt).await?;
        Ok(self.authorizer.change(caller, attempt, self.directory.secret(&parsed)).await?.value)
    }

    /// Replaces the client secret of an application by a generated one. The old secret becomes invalid immediately.
    ///
    /// # Errors
    /// When the caller lacks write permission or the permission `read:secrets`, there is no such application, it is
    /// public, or the directory fails.
    pub async fn renew_secret(&self, caller: &Caller, key: &str) -> Result<Written<Secret>, ServiceError> {
        let parsed = client_key(key)?;
        let changes = FieldChanges::replaced(&vec![("secret", Field::Secret(None))]);
        let attempt = AuditDraft { changes, ..draft(AuditOperation::Update, key) };
        self.require_secrets(caller, &attempt).await?;
        self.authorizer.change(caller, attempt, self.directory.renew_secret(&parsed)).await
    }

    /// Checks the permission `read:secrets`. Records a denial.
    async fn require_secrets(&self, caller: &Caller, attempt: &AuditDraft) -> Result<(), ServiceError> {
        if self.authorizer.is_open_to(caller) {
            return Ok(());
        }
        let question = Question::permission(IDENTITY_AUDIENCE, READ_SECRETS);
        self.authorizer.require_one_of(caller, attempt, &[question]).await
    }

    /// Creates an application, after all pending deletions of its client ID are completed.
    ///
    /// # Errors
    /// When the caller lacks write permission, the client ID is taken, a pending deletion cannot be completed, or the
    /// directory fails.
    pub async fn create(&self, caller: &Caller, new: &NewClient) -> Result<Written<Client>, ServiceError> {
        let changes = FieldChanges::added(&new.fields());
        let attempt = AuditDraft { changes, ..draft(AuditOperation::Create, new.client_id.as_str()) };
        self.authorizer.require(caller, &attempt).await?;
        // Otherwise, stored access of a deleted application could pass to the new one with the same client ID.
        self.deletions.settle_all_of(&Party::Client(new.client_id.clone())).await?;
        self.authorizer.change(caller, attempt, self.directory.create(new)).await
    }

    /// Updates the name, root URL or redirect URIs of an application. Fields that `change` does not set keep their
    /// values.
    ///
    /// # Errors
    /// When the caller lacks write permission, there is no such application, or the directory fails.
    pub async fn update(&self, caller: &Caller, key: &str, change: ClientChange) -> Result<Written, ServiceError> {
        let parsed = client_key(key)?;
        let attempt = AuditDraft { changes: change.changes(), ..draft(AuditOperation::Update, key) };
        self.authorizer.require_unchanged(caller, &attempt, self.version(&parsed)).await?;
        self.authorizer.change(caller, attempt, self.directory.update(&parsed, &change)).await
    }

    /// Deletes an application in the directory, then its memberships and authorizations in the store.
    ///
    /// # Errors
    /// When the caller lacks write permission, there is no such application, protection rules forbid the deletion
    /// of its stored access, or the directory or the store fails.
    pub async fn delete(&self, caller: &Caller, key: &str) -> Result<Written, ServiceError> {
        let parsed = client_key(key)?;
        let client = async {
            let client = self.directory.find(&parsed).await?;
            Ok(Deletable::Client(client.client_id, client.key))
        };
        let attempt = draft(AuditOperation::Delete, key);
        self.authorizer.require_unchanged(caller, &attempt, self.version(&parsed)).await?;
        self.deletions.delete(&self.authorizer, caller, attempt, client, self.directory.delete(&parsed)).await
    }

    /// Lists the permissions that an application holds on its own behalf, not on behalf of a user.
    ///
    /// # Errors
    /// As [`Clients::find`].
    pub async fn permissions(&self, caller: &Caller, key: &str) -> Result<Vec<Permission>, ServiceError> {
        let parsed = client_key(key)?;
        self.authorizer.ask(caller, (EntityKind::Client, key), self.directory.permissions(&parsed)).await
    }

    /// Grants a permission to an application on its own behalf. Idempotent.
    ///
    /// # Errors
    /// When the caller lacks write permission, the application or the permission does not exist, the application is
    /// public, or the directory fails.
    pub async fn grant_permission(
        &self,
        caller: &Caller,
        key: &str,
        permission: &Permission,
    ) -> Result<Written, ServiceError> {
        let parsed = client_key(key)?;
        let granting = self.directory.grant_permission(&parsed, permission);
        let changes = FieldChanges::added(&vec![("permissions", Permission::field([permission]))]);
        self.authorizer.change(caller, AuditDraft { changes, ..draft(AuditOperation::Update, key) }, granting).await
    }

    /// Revokes a permission that an application holds on its own behalf. Idempotent.
    ///
    /// # Errors
    /// As [`Clients::grant_permission`].
    pub async fn revoke_permission(
        &self,
        caller: &Caller,
        key: &str,
        permission: &Permission,
    ) -> Result<Written, ServiceError> {
        let parsed = client_key(key)?;
        let revoking = self.directory.revoke_permission(&parsed, permission);
        let changes = FieldChanges::removed(&vec![("permissions", Permission::field([permission]))]);
        self.authorizer.change(caller, AuditDraft { changes, ..draft(AuditOperation::Update, key) }, revoking).await
    }
}

/// Manages APIs (OAuth resource servers) in a directory, and the permissions that they define.
pub struct Apis {
    authorizer: Authorizer,
    directory: Arc<dyn ApiDirectory>,
}

impl Apis {
    /// Creates the service for the APIs in `directory`. `authorizer` checks the caller's permission in every method.
    #[must_use]
    pub fn new(authorizer: Authorizer, directory: Arc<dyn ApiDirectory>) -> Self {
        Self { authorizer, directory }
    }

    async fn version(&self, key: &ClientKey) -> Result<Version, DirectoryError> {
        Ok(self.directory.find(key).await?.version())
    }

    /// Lists APIs by audience. A search matches any part of the audience, ignoring case.
    ///
    /// # Errors
    /// When the caller lacks read permission or the directory fails.
    pub async fn list(&self, caller: &Caller, list: &ListRequest) -> Result<Listing<Api>, ServiceError> {
        self.authorizer.ask(caller, (EntityKind::Client, ""), self.directory.list(list)).await
    }

    /// Returns the API with this directory key, which differs from its audience.
    ///
    /// # Errors
    /// When the caller lacks read permission, there is no such API, or the directory fails.
    pub async fn find(&self, caller: &Caller, key: &str) -> Result<Api, ServiceError> {
        let parsed = client_key(key)?;
        self.authorizer.ask(caller, (EntityKind::Client, key), self.directory.find(&parsed)).await
    }

    /// Creates an API with the permissions that it defines. `audience` identifies the API in tokens (`aud`).
    ///
    /// # Errors
    /// When the caller lacks write permission, the audience is taken, or the directory fails.
    pub async fn create(
        &self,
        caller: &Caller,
        audience: &Audience,
        name: &Name,
        permissions: &[ApiPermission],
    ) -> Result<Written<Api>, ServiceError> {
        let definitions = permissions.iter().map(|permission| permission.definition.as_str());
        let fields = vec![("name", Field::text(name.as_str())), ("permissions", Field::set(definitions))];
        let changes = FieldChanges::added(&fields);
        let attempt = AuditDraft { changes, ..draft(AuditOperation::Create, audience.as_str()) };
        self.authorizer.change(caller, attempt, self.directory.create(audience, name, permissions)).await
    }

    /// Changes the display name of an API. The audience is immutable.
    ///
    /// # Errors
    /// When the caller lacks write permission, there is no such API, or the directory fails.
    pub async fn rename(&self, caller: &Caller, key: &str, name: &Name) -> Result<Written, ServiceError> {
        let parsed = client_key(key)?;
        let changes = FieldChanges::replaced(&vec![("name", Field::text(name.as_str()))]);
        let attempt = AuditDraft { changes, ..draft(AuditOperation::Update, key) };
        self.authorizer.require_unchanged(caller, &attempt, self.version(&parsed)).await?;
        self.authorizer.change(caller, attempt, self.directory.rename(&parsed, name)).await
    }

    /// Deletes an API and all assignments of its permissions. This service's own API is protected.
    ///
    /// # Errors
    /// When the caller lacks write permission, there is no such API, it is this service's own, or the directory fails.
    pub async fn delete(&self, caller: &Caller, key: &str) -> Result<Written, ServiceError> {
        let parsed = client_key(key)?;
        let attempt = draft(AuditOperation::Delete, key);
        self.authorizer.require_unchanged(caller, &attempt, self.version(&parsed)).await?;
        self.authorizer.change(caller, attempt, self.directory.delete(&parsed)).await
    }

    /// Lists the permissions that an API defines, sorted by name.
    ///
    /// # Errors
    /// As [`Apis::find`].
    pub async fn permissions(&self, caller: &Caller, key: &str) -> Result<Vec<ApiPermission>, ServiceError> {
        let parsed = client_key(key)?;
        self.authorizer.ask(caller, (EntityKind::Client, key), self.directory.permissions(&parsed)).await
    }

    /// Adds a permission to those that an API defines. Nothing holds it until it is granted.
    ///
    /// # Errors
    /// When the caller lacks write permission, there is no such API, it has the permission already, or the directory
    /// fails.
    pub async fn add_permission(
        &self,
        caller: &Caller,
        key: &str,
        permission: &ApiPermission,
    ) -> Result<Written, ServiceError> {
        let parsed = client_key(key)?;
        let adding = self.directory.add_permission(&parsed, permission);
        let changes = FieldChanges::added(&vec![("permissions", Field::set([permission.definition.as_str()]))]);
        self.authorizer.change(caller, AuditDraft { changes, ..draft(AuditOperation::Update, key) }, adding).await
    }

    /// Removes a permission from those that an API defines, and revokes it from all holders.
    ///
    /// The permissions `read` and `write` of this service's own API cannot be removed, because administration depends
    /// on them.
    ///
    /// # Errors
    /// When the caller lacks write permission, there is no such API or permission, the permission is protected, or the
    /// directory fails.
    pub async fn remove_permission(
        &self,
        caller: &Caller,
        key: &str,
        definition: &PermissionName,
    ) -> Result<Written, ServiceError> {
        let parsed = client_key(key)?;
        let removing = self.directory.remove_permission(&parsed, definition);
        let changes = FieldChanges::removed(&vec![("permissions", Field::set([definition.as_str()]))]);
        self.authorizer.change(caller, AuditDraft { changes, ..draft(AuditOperation::Update, key) }, removing).await
    }
}

fn draft(operation: AuditOperation, key: &str) -> AuditDraft {
    AuditDraft::new(operation, AuditEntity { kind: EntityKind::Client, key: key.to_owned() })
}

/// Parses a directory key. An unparsable key matches no client and fails like an unknown one.
fn client_key(text: &str) -> Result<ClientKey, ServiceError> {
    ClientKey::parse(text).map_err(|_| DirectoryError::missing(EntityKind::Client, text).into())
}
