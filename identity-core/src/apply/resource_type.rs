use super::{Draft, Refusal, TypePart, thing};
use crate::catalog::{API, TENANT};
use crate::entity::{AuditEntity, Authorization, CustomType, EntityKind, PropertyOf};
use crate::value::ResourceTypeName;
use crate::world::Change;

/// Names with another meaning in the HTTP APIs, such as dot segments in URL paths (RFC 3986 section 5.2.4).
const RESERVED: &[&str] = &[API, TENANT, ".", ".."];

impl Draft {
    pub(super) fn create_resource_type(&mut self, kind: &CustomType) -> Result<(), Refusal> {
        let entity = || thing(EntityKind::ResourceType, &kind.name);
        // Some APIs compare names case-insensitively.
        let same = |other: &str| other.eq_ignore_ascii_case(kind.name.as_str());
        if self.world.catalog().types().any(|other| same(other.name.as_str())) {
            return Err(Refusal::Exists(entity()));
        }
        if RESERVED.contains(&kind.name.as_str()) {
            return Err(Refusal::Reserved(kind.name.clone()));
        }
        fits(kind)?;
        self.record(Change::ResourceTypePut(kind.clone()))
    }

    pub(super) fn update_resource_type(&mut self, kind: &CustomType) -> Result<(), Refusal> {
        let old = self.existing_type(&kind.name)?;
        fits(kind)?;
        if *kind == old {
            return Ok(());
        }
        let held = self.authorizations_on(&kind.name);
        let permissions = old.permissions.difference(&kind.permissions).cloned().map(TypePart::Permission);
        let properties = old.properties.difference(&kind.properties).cloned().map(TypePart::Property);
        permissions.chain(properties).try_for_each(|part| unused(part, &held))?;
        self.record(Change::ResourceTypePut(kind.clone()))
    }

    pub(super) fn delete_resource_type(&mut self, name: &ResourceTypeName) -> Result<(), Refusal> {
        self.existing_type(name)?;
        for authorization in self.authorizations_on(name) {
            self.changeable_owner(&authorization.owner)?;
            self.remove_authorization(authorization.key)?;
        }
        self.remove_grants_to_ask(name)?;
        self.record(Change::ResourceTypeRemoved(name.clone()))
    }

    fn existing_type(&self, name: &ResourceTypeName) -> Result<CustomType, Refusal> {
        let entity = || thing(EntityKind::ResourceType, name);
        if self.world.catalog().is_built_in(name.as_str()) {
            return Err(Refusal::Protected(entity()));
        }
        self.world.custom_type(name.as_str()).cloned().ok_or_else(|| Refusal::Missing(entity()))
    }

    fn authorizations_on(&self, name: &ResourceTypeName) -> Vec<Authorization> {
        self.world.authorizations_on(name.as_str()).collect()
    }
}

/// Returns [`Refusal::InUse`] if an authorization uses the part.
fn unused(part: TypePart, held: &[Authorization]) -> Result<(), Refusal> {
    let uses = |one: &&Authorization| match &part {
        TypePart::Permission(name) => one.permissions.contains(name),
        TypePart::Property(name) => one
            .condition
            .iter()
            .flat_map(|condition| condition.properties())
            .any(|path| path.of == PropertyOf::Resource && path.name == *name),
    };
    let count = held.iter().filter(uses).count();
    // The authorizations are unordered. Reporting the oldest keeps the message deterministic.
    match held.iter().filter(uses).min_by_key(|one| one.key) {
        Some(first) => Err(Refusal::InUse { owner: AuditEntity::from(&first.owner), others: count - 1, part }),
        None => Ok(()),
    }
}

fn fits(kind: &CustomType) -> Result<(), Refusal> {
    let permissions = 1..=CustomType::MAX_PERMISSIONS;
    if permissions.contains(&kind.permissions.len()) && kind.properties.len() <= CustomType::MAX_PROPERTIES {
        Ok(())
    } else {
        Err(Refusal::TypeSize)
    }
}
