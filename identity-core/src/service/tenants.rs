//! Tenants and their members, as the management API sees them.

use super::{Caller, Gate, ListRequest, ServiceError, Written};
use crate::apply::{Command, Refusal};
use crate::entity::{AuditEntity, AuditOperation, Container, EntityKind, Membership, Party, PartyKind, Tenant};
use crate::port::AuditDraft;
use crate::search::{Page, matches_text};
use crate::value::{Description, Name, TenantId};
use crate::world::World;

/// Tenants and their members.
pub struct Tenants {
    gate: Gate,
}

impl Tenants {
    /// Tenants behind a gate.
    #[must_use]
    pub fn new(gate: Gate) -> Self {
        Self { gate }
    }

    /// The tenants, by id.
    ///
    /// # Errors
    /// When the caller may not read.
    pub async fn list(&self, caller: &Caller, list: &ListRequest) -> Result<Page<Tenant>, ServiceError> {
        self.gate
            .read(caller, EntityKind::Tenant, "", |world| {
                let fits = |tenant: &&Tenant| {
                    matches_text(list.search.as_deref(), &[tenant.id.as_str(), tenant.name.as_str()])
                };
                list.page.cut(world.tenants().filter(fits)).map(Tenant::clone)
            })
            .await
    }

    /// The tenants that somebody is a direct member of, by id.
    ///
    /// # Errors
    /// When the caller may not read.
    pub async fn of_member(&self, caller: &Caller, member: &Party) -> Result<Vec<Tenant>, ServiceError> {
        self.gate
            .read(caller, EntityKind::Tenant, "", |world| {
                let mut tenants: Vec<Tenant> = world
                    .memberships(member)
                    .filter_map(|container| match container {
                        Container::Tenant(id) => world.tenant(id.as_str()).cloned(),
                        Container::Group(_) | Container::Role(_) => None,
                    })
                    .collect();
                tenants.sort_by(|a, b| a.id.cmp(&b.id));
                tenants
            })
            .await
    }

    /// One tenant.
    ///
    /// # Errors
    /// When the caller may not read, or there is none.
    pub async fn find(&self, caller: &Caller, id: &str) -> Result<Tenant, ServiceError> {
        self.read(caller, id, |_, tenant| tenant.clone()).await
    }

    /// Creates a tenant.
    ///
    /// # Errors
    /// When the caller may not write, or there is such a tenant.
    pub async fn create(&self, caller: &Caller, id: TenantId, name: Name) -> Result<Written<Tenant>, ServiceError> {
        let tenant = Tenant { id, name, description: Description::default() };
        Ok(self.gate.command(caller, Command::CreateTenant(tenant.clone())).await?.with(tenant))
    }

    /// Gives a tenant another name.
    ///
    /// # Errors
    /// When the caller may not write, there is no such tenant, or it is the default.
    pub async fn rename(&self, caller: &Caller, id: &TenantId, name: Name) -> Result<Written, ServiceError> {
        let attempt = AuditDraft { operation: AuditOperation::Update, entity: entity(id), related: None };
        self.gate
            .write(caller, attempt, |world| {
                let old = world.tenant(id.as_str()).ok_or_else(|| Refusal::Missing(entity(id)))?;
                Ok(vec![Command::UpdateTenant(Tenant { name, ..old.clone() })])
            })
            .await
    }

    /// Deletes a tenant. Data of other applications stays.
    ///
    /// # Errors
    /// When the caller may not write, there is no such tenant, or it is the default.
    pub async fn delete(&self, caller: &Caller, id: TenantId) -> Result<Written, ServiceError> {
        self.gate.command(caller, Command::DeleteTenant(id)).await
    }

    /// A tenant's direct members of one kind, by id, each as `show` has it.
    ///
    /// # Errors
    /// When the caller may not read, or there is no such tenant.
    pub async fn members<T>(
        &self,
        caller: &Caller,
        id: &str,
        kind: PartyKind,
        show: impl Fn(&World, Party) -> T,
    ) -> Result<Vec<T>, ServiceError> {
        self.read(caller, id, |world, tenant| {
            let container = Container::Tenant(tenant.id.clone());
            world.members_of_kind(&container, kind, None).map(|member| show(world, member)).collect()
        })
        .await
    }

    /// Makes all of these members, or none of them.
    ///
    /// # Errors
    /// When the caller may not write, the tenant or one of them does not exist, or one is a member already.
    pub async fn add(&self, caller: &Caller, id: &TenantId, members: Vec<Party>) -> Result<Written, ServiceError> {
        let attempt = AuditDraft { operation: AuditOperation::Assign, entity: entity(id), related: None };
        let edges =
            members.into_iter().filter_map(|member| Membership::new(Container::Tenant(id.clone()), member).ok());
        let commands: Vec<Command> = edges.map(Command::AddMember).collect();
        self.gate
            .write(caller, attempt, |world| match world.tenant(id.as_str()) {
                Some(_) => Ok(commands),
                None => Err(Refusal::Missing(entity(id))),
            })
            .await
    }

    /// Ends a membership.
    ///
    /// # Errors
    /// When the caller may not write, there is no such tenant, or they are not a member.
    pub async fn remove(&self, caller: &Caller, id: TenantId, member: Party) -> Result<Written, ServiceError> {
        self.gate.change_member(caller, Container::Tenant(id), member, false).await
    }

    async fn read<T>(
        &self,
        caller: &Caller,
        id: &str,
        look: impl FnOnce(&World, &Tenant) -> T,
    ) -> Result<T, ServiceError> {
        self.gate
            .read(caller, EntityKind::Tenant, id, |world| world.tenant(id).map(|tenant| look(world, tenant)))
            .await?
            .ok_or_else(|| ServiceError::Missing(AuditEntity { kind: EntityKind::Tenant, key: id.to_owned() }))
    }
}

fn entity(id: &TenantId) -> AuditEntity {
    AuditEntity { kind: EntityKind::Tenant, key: id.to_string() }
}
