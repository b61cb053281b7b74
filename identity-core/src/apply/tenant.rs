use super::{Draft, Refusal, thing};
use crate::decide::Authority;
use crate::entity::{Container, EntityKind, Tenant};
use crate::value::TenantId;
use crate::world::Change;

impl Draft {
    pub(super) fn create_tenant(&mut self, tenant: &Tenant) -> Result<(), Refusal> {
        if self.world.tenant(tenant.id.as_str()).is_some() {
            return Err(Refusal::Exists(thing(EntityKind::Tenant, &tenant.id)));
        }
        self.record(Change::TenantPut(tenant.clone()))
    }

    pub(super) fn update_tenant(&mut self, tenant: &Tenant) -> Result<(), Refusal> {
        self.changeable_tenant(&tenant.id)?;
        self.record(Change::TenantPut(tenant.clone()))
    }

    pub(super) fn delete_tenant(&mut self, id: &TenantId) -> Result<(), Refusal> {
        self.changeable_tenant(id)?;
        self.remove_members(&Container::Tenant(id.clone()))?;
        self.remove_grants_on(EntityKind::Tenant, id.as_str())?;
        self.record(Change::TenantRemoved(id.clone()))
    }

    fn changeable_tenant(&self, id: &TenantId) -> Result<(), Refusal> {
        if self.world.tenant(id.as_str()).is_none() {
            return Err(Refusal::Missing(thing(EntityKind::Tenant, id)));
        }
        if id.is_default() && self.authority == Authority::Administrator {
            return Err(Refusal::Protected(thing(EntityKind::Tenant, id)));
        }
        Ok(())
    }
}
