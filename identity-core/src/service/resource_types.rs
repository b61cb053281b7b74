//! Built-in and custom resource types in the management API.

use super::{Authorizations, Caller, ListRequest, ResourceKind, ServiceError, Written};
use crate::apply::Command;
use crate::catalog::Family;
use crate::entity::{AuditEntity, CustomType, EntityKind};
use crate::search::{Page, matches_text};
use crate::value::ResourceTypeName;

impl Authorizations {
    /// Lists resource types: custom types by name, then built-in types. Types of the Orchestration Cluster are included
    /// only if `with_cluster` is set.
    ///
    /// # Errors
    /// When the caller lacks read permission.
    pub async fn resource_types(
        &self,
        caller: &Caller,
        list: &ListRequest,
        with_cluster: bool,
    ) -> Result<Page<ResourceKind>, ServiceError> {
        self.authorizer
            .read(caller, EntityKind::ResourceType, "", |world| {
                let own = world.custom_types().map(ResourceKind::from);
                let listed = |kind: &&ResourceKind| match kind.family {
                    Family::Custom => false,
                    Family::Cluster => with_cluster,
                    Family::Management | Family::Identity => true,
                };
                let built_in = world.catalog().types().filter(listed).cloned();
                let found = |kind: &ResourceKind| matches_text(list.search.as_deref(), &[kind.name.as_str()]);
                list.page.cut(own.chain(built_in).filter(found))
            })
            .await
    }

    /// Returns the built-in or custom resource type of this name.
    ///
    /// # Errors
    /// When the caller lacks read permission, or there is no such type.
    pub async fn resource_type(&self, caller: &Caller, name: &ResourceTypeName) -> Result<ResourceKind, ServiceError> {
        let missing = || ServiceError::Missing(AuditEntity { kind: EntityKind::ResourceType, key: name.to_string() });
        self.authorizer
            .read(caller, EntityKind::ResourceType, name.as_str(), |world| world.catalog().find(name.as_str()).cloned())
            .await?
            .ok_or_else(missing)
    }

    /// Creates a custom resource type, with its permissions and properties.
    ///
    /// # Errors
    /// When the caller lacks write permission, the name is taken or reserved, or the type has no permission, or too
    /// many permissions or properties.
    pub async fn create_type(&self, caller: &Caller, kind: CustomType) -> Result<Written, ServiceError> {
        self.authorizer.command(caller, Command::CreateResourceType(kind)).await
    }

    /// Replaces the permissions and properties of a custom resource type.
    ///
    /// # Errors
    /// When the caller lacks write permission, there is no such type, it is built in, or authorizations still use a
    /// removed permission or property.
    pub async fn update_type(&self, caller: &Caller, kind: CustomType) -> Result<Written, ServiceError> {
        self.authorizer.command(caller, Command::UpdateResourceType(kind)).await
    }

    /// Deletes a custom resource type and all authorizations on it, in one commit.
    ///
    /// # Errors
    /// When the caller lacks write permission, there is no such type, or it is built in.
    pub async fn delete_type(&self, caller: &Caller, name: ResourceTypeName) -> Result<Written, ServiceError> {
        self.authorizer.command(caller, Command::DeleteResourceType(name)).await
    }
}
