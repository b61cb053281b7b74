//! Resource types: those that are built in, and those of the operator's own, as the management API sees them.

use super::{Authorizations, Caller, ResourceKind, ServiceError, Written};
use crate::apply::Command;
use crate::entity::{CustomType, EntityKind};
use crate::matrix::Family;
use crate::value::ResourceTypeName;

impl Authorizations {
    /// The resource types.
    ///
    /// # Errors
    /// When the caller may not read.
    pub async fn resource_types(&self, caller: &Caller) -> Result<Vec<ResourceKind>, ServiceError> {
        self.gate
            .read(caller, EntityKind::ResourceType, "", |world| {
                world.matrix().types().filter(|kind| kind.family != Family::Cluster).cloned().collect()
            })
            .await
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
