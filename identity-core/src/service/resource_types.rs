//! Resource types: those that are built in, and those of the operator's own, as the management API sees them.

use super::{Authorizations, Caller, ListRequest, ResourceKind, ServiceError, Written};
use crate::apply::Command;
use crate::entity::{AuditEntity, CustomType, EntityKind};
use crate::matrix::Family;
use crate::search::{Page, matches_text};
use crate::value::ResourceTypeName;

impl Authorizations {
    /// The resource types: the operator's own by name, then those that are built in; with or without the Orchestration
    /// Cluster's.
    ///
    /// # Errors
    /// When the caller may not read.
    pub async fn resource_types(
        &self,
        caller: &Caller,
        list: &ListRequest,
        with_cluster: bool,
    ) -> Result<Page<ResourceKind>, ServiceError> {
        self.gate
            .read(caller, EntityKind::ResourceType, "", |world| {
                let own = world.custom_types().map(ResourceKind::from);
                let listed = |kind: &&ResourceKind| match kind.family {
                    Family::Custom => false,
                    Family::Cluster => with_cluster,
                    Family::Management | Family::Identity => true,
                };
                let built_in = world.matrix().types().filter(listed).cloned();
                let found = |kind: &ResourceKind| matches_text(list.search.as_deref(), &[kind.name.as_str()]);
                list.page.cut(own.chain(built_in).filter(found))
            })
            .await
    }

    /// One resource type.
    ///
    /// # Errors
    /// When the caller may not read, or there is none of that name.
    pub async fn resource_type(&self, caller: &Caller, name: &ResourceTypeName) -> Result<ResourceKind, ServiceError> {
        let missing = || ServiceError::Missing(AuditEntity { kind: EntityKind::ResourceType, key: name.to_string() });
        self.gate
            .read(caller, EntityKind::ResourceType, name.as_str(), |world| world.matrix().find(name.as_str()).cloned())
            .await?
            .ok_or_else(missing)
    }

    /// Creates a type of the operator's own.
    ///
    /// # Errors
    /// When the caller may not write, there is a type of that name, or it has no permission or too many.
    pub async fn create_type(&self, caller: &Caller, kind: CustomType) -> Result<Written, ServiceError> {
        self.gate.command(caller, Command::CreateResourceType(kind)).await
    }

    /// Changes one.
    ///
    /// # Errors
    /// When the caller may not write, there is none, it is built in, or what would go is still granted.
    pub async fn update_type(&self, caller: &Caller, kind: CustomType) -> Result<Written, ServiceError> {
        self.gate.command(caller, Command::UpdateResourceType(kind)).await
    }

    /// Deletes one, with the authorizations on it.
    ///
    /// # Errors
    /// When the caller may not write, there is none, or it is built in.
    pub async fn delete_type(&self, caller: &Caller, name: ResourceTypeName) -> Result<Written, ServiceError> {
        self.gate.command(caller, Command::DeleteResourceType(name)).await
    }
}
