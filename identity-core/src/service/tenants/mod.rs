//! Tenants and their members in the management API.

mod members;

use std::sync::Arc;

use super::{
    ApplicationSummary, Authorizer, Caller, Leftovers, ListRequest, MemberDirectories, ServiceError, UserSummary,
    Written, lists,
};
use crate::apply::{Command, Refusal};
use crate::entity::{AuditDraft, AuditEntity, AuditOperation, Container, EntityKind, Membership, Party, Tenant};
use crate::search::{List, Listing};
use crate::value::{Name, TenantId};
use crate::world::World;
use members::{AnyMembers, TenantMembers};

/// Manages tenants and their direct members.
pub struct Tenants {
    authorizer: Authorizer,
    members: Box<dyn TenantMembers>,
}

impl Tenants {
    /// Creates the service for tenants whose members need not be stored, such as users known only from tokens.
    /// `authorizer` checks the permissions of callers.
    #[must_use]
    pub fn new(authorizer: Authorizer) -> Self {
        Self { authorizer, members: Box::new(AnyMembers) }
    }

    /// Creates the service for tenants whose members exist in `directories`. A new member must exist there.
    /// `authorizer` checks the permissions of callers.
    #[must_use]
    pub fn of_directories(authorizer: Authorizer, directories: MemberDirectories) -> Self {
        Self { authorizer, members: Box::new(directories) }
    }

    /// Lists tenants by ID. A search matches any part of the ID or the name, ignoring case.
    ///
    /// # Errors
    /// When the caller lacks read permission.
    pub async fn list(&self, caller: &Caller, list: &ListRequest) -> Result<List<Tenant>, ServiceError> {
        let show = |_: &World, tenant: &Tenant| tenant.clone();
        let tenants = |_: &World| lists::entities(&caller.world, list, Vec::new(), show);
        self.authorizer.read(caller, EntityKind::Tenant, "", tenants).await
    }

    /// Lists the tenants that a party is a direct member of, by ID.
    ///
    /// # Errors
    /// When the caller lacks read permission.
    pub async fn of_member(&self, caller: &Caller, member: &Party) -> Result<List<Tenant>, ServiceError> {
        self.authorizer
            .read(caller, EntityKind::Tenant, "", |_| {
                let (world, member) = (Arc::clone(&caller.world), member.clone());
                List::scan(move |_| {
                    let tenants = world.memberships(&member).filter_map(|container| match container {
                        Container::Tenant(id) => world.tenant(id.as_str()).cloned(),
                        Container::Group(_) | Container::Role(_) => None,
                    });
                    let mut items: Vec<Tenant> = tenants.collect();
                    items.sort_by(|a, b| a.id.cmp(&b.id));
                    Listing { items, total: None }
                })
            })
            .await
    }

    /// Returns the tenant with this ID.
    ///
    /// # Errors
    /// When the caller lacks read permission, or there is no such tenant.
    pub async fn find(&self, caller: &Caller, id: &str) -> Result<Tenant, ServiceError> {
        self.read(caller, id, |_, tenant| tenant.clone()).await
    }

    /// Creates a tenant without members and returns it.
    ///
    /// # Errors
    /// When the caller lacks write permission, the ID is taken, or authorizations on the tenant exist and `leftovers`
    /// refuses them.
    pub async fn create(
        &self,
        caller: &Caller,
        id: TenantId,
        name: Name,
        leftovers: Leftovers,
    ) -> Result<Written<Tenant>, ServiceError> {
        let attempt = AuditDraft::new(AuditOperation::Create, entity(&id));
        let tenant = Tenant::new(id, name);
        let (entity, command) = (attempt.entity.clone(), Command::CreateTenant(tenant.clone()));
        let plan = |world: &World| leftovers.creation(world, entity, vec![command]);
        Ok(self.authorizer.write(caller, attempt, plan).await?.with(tenant))
    }

    /// Changes the name of a tenant. The ID stays the same.
    ///
    /// # Errors
    /// When the caller lacks write permission, there is no such tenant, or it is the default tenant.
    pub async fn rename(&self, caller: &Caller, id: &TenantId, name: Name) -> Result<Written, ServiceError> {
        let attempt = AuditDraft::new(AuditOperation::Update, entity(id));
        self.authorizer
            .write(caller, attempt, |world| {
                let old = world.tenant(id.as_str()).ok_or_else(|| Refusal::Missing(entity(id)))?;
                Ok(vec![Command::UpdateTenant(Tenant { name, ..old.clone() })])
            })
            .await
    }

    /// Deletes a tenant, its memberships and the authorizations on it. Data of other applications is not affected.
    ///
    /// # Errors
    /// When the caller lacks write permission, there is no such tenant, or it is the default tenant.
    pub async fn delete(&self, caller: &Caller, id: TenantId) -> Result<Written, ServiceError> {
        self.authorizer.command(caller, Command::DeleteTenant(id)).await
    }

    /// Lists the users that are direct members of a tenant, by ID.
    ///
    /// # Errors
    /// When the caller lacks read permission, there is no such tenant, or a directory fails.
    pub async fn users(&self, caller: &Caller, id: &str) -> Result<List<UserSummary>, ServiceError> {
        let tenant = self.container(caller, id).await?;
        Ok(self.members.users(&caller.world, tenant).await?)
    }

    /// Lists the groups that are direct members of a tenant, by ID, each with its name or, if that is unknown, its ID.
    ///
    /// # Errors
    /// As [`Tenants::users`].
    pub async fn groups(&self, caller: &Caller, id: &str) -> Result<List<(Party, String)>, ServiceError> {
        let tenant = self.container(caller, id).await?;
        Ok(self.members.groups(&caller.world, tenant).await?)
    }

    /// Lists the applications that are direct members of a tenant, by client ID.
    ///
    /// # Errors
    /// As [`Tenants::users`].
    pub async fn applications(&self, caller: &Caller, id: &str) -> Result<List<ApplicationSummary>, ServiceError> {
        let tenant = self.container(caller, id).await?;
        Ok(self.members.applications(&caller.world, tenant).await?)
    }

    async fn container(&self, caller: &Caller, id: &str) -> Result<Container, ServiceError> {
        self.read(caller, id, |_, tenant| Container::Tenant(tenant.id.clone())).await
    }

    /// Adds members to a tenant: all of them, or none if one cannot be added.
    ///
    /// # Errors
    /// When the caller lacks write permission, the tenant or a member does not exist, or one is a member already.
    pub async fn add(&self, caller: &Caller, id: &TenantId, members: Vec<Party>) -> Result<Written, ServiceError> {
        let attempt = AuditDraft::new(AuditOperation::Assign, entity(id));
        // Checked first, because a caller without write permission must not learn which entities exist.
        self.authorizer.require(caller, &attempt).await?;
        if let Some(member) = self.members.absent(&members).await? {
            return Err(ServiceError::Missing(AuditEntity::from(&member)));
        }
        let edges =
            members.into_iter().filter_map(|member| Membership::new(Container::Tenant(id.clone()), member).ok());
        let commands: Vec<Command> = edges.map(Command::AddMember).collect();
        self.authorizer
            .write(caller, attempt, |world| match world.tenant(id.as_str()) {
                Some(_) => Ok(commands),
                None => Err(Refusal::Missing(entity(id))),
            })
            .await
    }

    /// Removes a direct member from a tenant.
    ///
    /// # Errors
    /// When the caller lacks write permission, there is no such tenant, or the party is not a member.
    pub async fn remove(&self, caller: &Caller, id: TenantId, member: Party) -> Result<Written, ServiceError> {
        self.authorizer.remove_member(caller, Container::Tenant(id), member).await
    }

    async fn read<T>(
        &self,
        caller: &Caller,
        id: &str,
        look: impl FnOnce(&World, &Tenant) -> T,
    ) -> Result<T, ServiceError> {
        self.authorizer
            .read(caller, EntityKind::Tenant, id, |world| world.tenant(id).map(|tenant| look(world, tenant)))
            .await?
            .ok_or_else(|| ServiceError::Missing(AuditEntity { kind: EntityKind::Tenant, key: id.to_owned() }))
    }
}

fn entity(id: &TenantId) -> AuditEntity {
    AuditEntity { kind: EntityKind::Tenant, key: id.to_string() }
}
