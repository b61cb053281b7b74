//! Clients that live in a directory: applications, and the APIs that they and roles have permissions on.

use std::sync::Arc;

use super::{Caller, Deletions, Gate, ListRequest, ServiceError, Written};
use crate::decide::Question;
use crate::entity::{
    Api, ApiPermission, AuditEntity, AuditOperation, Client, ClientChange, Deletable, EntityKind, NewClient, Party,
    Permission,
};
use crate::port::{ApiDirectory, AuditDraft, ClientDirectory, DirectoryError};
use crate::preset::{IDENTITY_AUDIENCE, READ_SECRETS, WRITE};
use crate::search::Listing;
use crate::value::{Audience, ClientKey, Name, PermissionName, Secret};

/// Applications, their secrets and permissions.
pub struct Clients {
    gate: Gate,
    directory: Arc<dyn ClientDirectory>,
    deletions: Arc<Deletions>,
}

impl Clients {
    /// The applications of `directory`, behind a gate.
    #[must_use]
    pub fn new(gate: Gate, directory: Arc<dyn ClientDirectory>, deletions: Arc<Deletions>) -> Self {
        Self { gate, directory, deletions }
    }

    /// The applications, by client id.
    ///
    /// # Errors
    /// When the caller may not read, or the directory fails.
    pub async fn list(&self, caller: &Caller, list: &ListRequest) -> Result<Listing<Client>, ServiceError> {
        self.gate.ask(caller, (EntityKind::Client, ""), self.directory.list(list)).await
    }

    /// One application.
    ///
    /// # Errors
    /// When the caller may not read, there is none, or the directory fails.
    pub async fn find(&self, caller: &Caller, key: &str) -> Result<Client, ServiceError> {
        let parsed = client_key(key)?;
        self.gate.ask(caller, (EntityKind::Client, key), self.directory.find(&parsed)).await
    }

    /// An application's secret. It lets its holder act for the application, so that it has a permission of its own.
    ///
    /// # Errors
    /// When the caller may not read, or not read secrets, there is none, it is protected, or the directory fails.
    pub async fn secret(&self, caller: &Caller, key: &str) -> Result<Option<Secret>, ServiceError> {
        let parsed = client_key(key)?;
        let attempt = draft(AuditOperation::Read, key);
        self.require_secrets(caller, &attempt).await?;
        Ok(self.gate.change(caller, attempt, self.directory.secret(&parsed)).await?.value)
    }

    /// Makes a new secret for an application, and shows it.
    ///
    /// # Errors
    /// When the caller may not write, or not read secrets, there is no such application, it is public, or the directory fails.
    pub async fn renew_secret(&self, caller: &Caller, key: &str) -> Result<Written<Secret>, ServiceError> {
        let parsed = client_key(key)?;
        let attempt = draft(AuditOperation::Update, key);
        self.require_secrets(caller, &attempt).await?;
        self.gate.change(caller, attempt, self.directory.renew_secret(&parsed)).await
    }

    /// Refuses callers without the permission to read secrets.
    async fn require_secrets(&self, caller: &Caller, attempt: &AuditDraft) -> Result<(), ServiceError> {
        if self.gate.is_open_to(caller) {
            return Ok(());
        }
        let question = Question::permission(IDENTITY_AUDIENCE, READ_SECRETS);
        self.gate.require_one_of(caller, attempt, &[question]).await
    }

    /// Adds an application.
    ///
    /// # Errors
    /// When the caller may not write, there is one of that client id, or the directory fails.
    pub async fn create(&self, caller: &Caller, new: &NewClient) -> Result<Written<Client>, ServiceError> {
        let attempt = draft(AuditOperation::Create, new.client_id.as_str());
        self.gate.require(caller, &attempt).await?;
        // The access of an application that is gone must not become that of the next one of its id.
        self.deletions.settle_all_of(&Party::Client(new.client_id.clone())).await?;
        self.gate.change(caller, attempt, self.directory.create(new)).await
    }

    /// Changes an application.
    ///
    /// # Errors
    /// When the caller may not write, there is none, or the directory fails.
    pub async fn update(&self, caller: &Caller, key: &str, change: ClientChange) -> Result<Written, ServiceError> {
        let parsed = client_key(key)?;
        self.gate.change(caller, draft(AuditOperation::Update, key), self.directory.update(&parsed, &change)).await
    }

    /// Deletes an application, with what it is a member of and owns here.
    ///
    /// # Errors
    /// When the caller may not write, there is none, or the directory or the store fails.
    pub async fn delete(&self, caller: &Caller, key: &str) -> Result<Written, ServiceError> {
        let parsed = client_key(key)?;
        let client = async {
            let client = self.directory.find(&parsed).await?;
            Ok(Deletable::Client(client.client_id, client.key))
        };
        let attempt = draft(AuditOperation::Delete, key);
        self.deletions.delete(&self.gate, caller, attempt, client, self.directory.delete(&parsed)).await
    }

    /// What an application may do for itself.
    ///
    /// # Errors
    /// As [`Clients::find`].
    pub async fn permissions(&self, caller: &Caller, key: &str) -> Result<Vec<Permission>, ServiceError> {
        let parsed = client_key(key)?;
        self.gate.ask(caller, (EntityKind::Client, key), self.directory.permissions(&parsed)).await
    }

    /// Gives an application a permission, or takes it.
    ///
    /// # Errors
    /// When the caller may not write, the application or the permission does not exist, or the directory fails.
    pub async fn change_permission(
        &self,
        caller: &Caller,
        key: &str,
        permission: &Permission,
        held: bool,
    ) -> Result<Written, ServiceError> {
        let parsed = client_key(key)?;
        let changing = self.directory.change_permission(&parsed, permission, held);
        self.gate.change(caller, draft(AuditOperation::Update, key), changing).await
    }
}

/// APIs and the permissions that they know.
pub struct Apis {
    gate: Gate,
    directory: Arc<dyn ApiDirectory>,
}

impl Apis {
    /// The APIs of `directory`, behind a gate.
    #[must_use]
    pub fn new(gate: Gate, directory: Arc<dyn ApiDirectory>) -> Self {
        Self { gate, directory }
    }

    /// The APIs, by audience.
    ///
    /// # Errors
    /// When the caller may not read, or the directory fails.
    pub async fn list(&self, caller: &Caller, list: &ListRequest) -> Result<Listing<Api>, ServiceError> {
        self.gate.ask(caller, (EntityKind::Client, ""), self.directory.list(list)).await
    }

    /// One API.
    ///
    /// # Errors
    /// When the caller may not read, there is none, or the directory fails.
    pub async fn find(&self, caller: &Caller, key: &str) -> Result<Api, ServiceError> {
        let parsed = client_key(key)?;
        self.gate.ask(caller, (EntityKind::Client, key), self.directory.find(&parsed)).await
    }

    /// Adds an API, with permissions.
    ///
    /// # Errors
    /// When the caller may not write, there is one of that audience, or the directory fails.
    pub async fn create(
        &self,
        caller: &Caller,
        audience: &Audience,
        name: &Name,
        permissions: &[ApiPermission],
    ) -> Result<Written<Api>, ServiceError> {
        let attempt = draft(AuditOperation::Create, audience.as_str());
        self.gate.change(caller, attempt, self.directory.create(audience, name, permissions)).await
    }

    /// Gives an API another name.
    ///
    /// # Errors
    /// When the caller may not write, there is none, or the directory fails.
    pub async fn rename(&self, caller: &Caller, key: &str, name: &Name) -> Result<Written, ServiceError> {
        let parsed = client_key(key)?;
        self.gate.change(caller, draft(AuditOperation::Update, key), self.directory.rename(&parsed, name)).await
    }

    /// Deletes an API. Its own API is how this service is administered, and stays.
    ///
    /// # Errors
    /// When the caller may not write, there is none, it is this service's own, or the directory fails.
    pub async fn delete(&self, caller: &Caller, key: &str) -> Result<Written, ServiceError> {
        let parsed = client_key(key)?;
        let deleting = async {
            self.others(&parsed).await?;
            self.directory.delete(&parsed).await
        };
        self.gate.change(caller, draft(AuditOperation::Delete, key), deleting).await
    }

    /// The permissions that an API knows.
    ///
    /// # Errors
    /// As [`Apis::find`].
    pub async fn permissions(&self, caller: &Caller, key: &str) -> Result<Vec<ApiPermission>, ServiceError> {
        let parsed = client_key(key)?;
        self.gate.ask(caller, (EntityKind::Client, key), self.directory.permissions(&parsed)).await
    }

    /// Adds a permission to an API.
    ///
    /// # Errors
    /// When the caller may not write, there is no such API, it has the permission already, or the directory fails.
    pub async fn add_permission(
        &self,
        caller: &Caller,
        key: &str,
        permission: &ApiPermission,
    ) -> Result<Written, ServiceError> {
        let parsed = client_key(key)?;
        let adding = self.directory.add_permission(&parsed, permission);
        self.gate.change(caller, draft(AuditOperation::Update, key), adding).await
    }

    /// Removes a permission from an API; whoever had it has it no more. Nobody could administer without `write` of this
    /// service's own API, which stays.
    ///
    /// # Errors
    /// When the caller may not write, there is no such API or permission, or the directory fails.
    pub async fn remove_permission(
        &self,
        caller: &Caller,
        key: &str,
        definition: &PermissionName,
    ) -> Result<Written, ServiceError> {
        let parsed = client_key(key)?;
        let removing = async {
            if definition.as_str() == WRITE {
                self.others(&parsed).await?;
            }
            self.directory.remove_permission(&parsed, definition).await
        };
        self.gate.change(caller, draft(AuditOperation::Update, key), removing).await
    }

    /// Refuses this service's own API.
    async fn others(&self, key: &ClientKey) -> Result<(), DirectoryError> {
        let api = self.directory.find(key).await?;
        if api.audience.as_str() == IDENTITY_AUDIENCE {
            return Err(DirectoryError::Invalid("nobody could administer without it".to_owned()));
        }
        Ok(())
    }
}

fn draft(operation: AuditOperation, key: &str) -> AuditDraft {
    AuditDraft { operation, entity: AuditEntity { kind: EntityKind::Client, key: key.to_owned() }, related: None }
}

/// A text that is no key is the key of nothing.
fn client_key(text: &str) -> Result<ClientKey, ServiceError> {
    ClientKey::parse(text).map_err(|_| DirectoryError::missing(EntityKind::Client, text).into())
}
