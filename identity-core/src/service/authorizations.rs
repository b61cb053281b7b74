//! Resource authorizations, as the management API sees them: one set of permissions for each entity and resource.

use std::collections::{BTreeMap, BTreeSet};

use super::{Caller, Gate, ListRequest, ServiceError, Written};
use crate::apply::{Command, NewAuthorization, Refusal};
use crate::entity::{AuditEntity, AuditOperation, Authorization, Condition, EntityKind, Party, Scope};
use crate::matrix::{Family, ResourceType};
use crate::port::AuditDraft;
use crate::search::{Page, PageRequest, matches_text};
use crate::value::{PermissionName, ResourceTypeName};
use crate::world::World;

/// Authorizations on resource types other than the Orchestration Cluster's.
pub struct Authorizations {
    pub(super) gate: Gate,
}

/// What somebody may do with a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityAuthorization {
    /// Who.
    pub owner: Party,
    /// The kind of resource.
    pub resource_type: ResourceTypeName,
    /// Which one, or all.
    pub scope: Scope,
    /// What must hold besides.
    pub condition: Option<Condition>,
    /// What.
    pub permissions: BTreeSet<PermissionName>,
}

/// What an authorization is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantedOn {
    /// The kind of resource.
    pub resource_type: ResourceTypeName,
    /// Which one, or all.
    pub scope: Scope,
    /// What must hold besides.
    pub condition: Option<Condition>,
}

/// Which authorizations to list.
#[derive(Clone, Debug)]
pub struct AuthorizationList {
    /// What is searched for, and the page.
    pub list: ListRequest,
    /// Only those of this owner.
    pub owner: Option<Party>,
    /// Only those on this type.
    pub resource_type: Option<ResourceTypeName>,
}

impl AuthorizationList {
    /// Looked for where fewest are.
    fn of<'w>(&'w self, world: &'w World) -> Box<dyn Iterator<Item = Authorization> + 'w> {
        match (&self.owner, &self.resource_type) {
            (Some(owner), None) => Box::new(world.owned_by(owner)),
            (Some(owner), Some(kind)) => {
                Box::new(world.owned_by(owner).filter(move |held| held.resource_type == *kind))
            }
            (None, Some(kind)) => Box::new(world.authorizations_on(kind.as_str())),
            (None, None) => Box::new(world.authorizations()),
        }
    }
}

impl GrantedOn {
    fn is_of(&self, held: &Authorization) -> bool {
        held.resource_type == self.resource_type && held.scope == self.scope && held.condition == self.condition
    }
}

/// A resource type with its permissions.
pub type ResourceKind = ResourceType;

/// A resource that some authorization names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resource {
    /// The kind of resource.
    pub resource_type: ResourceTypeName,
    /// Its key: an id, or `*`.
    pub key: String,
}

impl Authorizations {
    /// Authorizations behind a gate.
    #[must_use]
    pub fn new(gate: Gate) -> Self {
        Self { gate }
    }

    /// Authorizations, by owner and resource.
    ///
    /// # Errors
    /// When the caller may not read.
    pub async fn list(
        &self,
        caller: &Caller,
        wanted: &AuthorizationList,
    ) -> Result<Page<EntityAuthorization>, ServiceError> {
        self.gate
            .read(caller, EntityKind::Authorization, "", |world| {
                let found = |held: &EntityAuthorization| {
                    let key = held.scope.resource_id().unwrap_or_default();
                    matches_text(wanted.list.search.as_deref(), &[held.owner.id(), key])
                };
                wanted.list.page.cut(merged(managed(world, wanted.of(world))).into_iter().filter(found))
            })
            .await
    }

    /// Lets an entity do one more thing with a resource. That it may do so already is no error.
    ///
    /// # Errors
    /// When the caller may not write, the entity does not exist, or the type does not support the permission.
    pub async fn add(
        &self,
        caller: &Caller,
        owner: Party,
        on: GrantedOn,
        permission: PermissionName,
    ) -> Result<Written, ServiceError> {
        self.change(caller, AuditOperation::Create, owner, None, on, |mut permissions| {
            permissions.insert(permission);
            permissions
        })
        .await
    }

    /// Replaces what an entity may do with a resource. Nothing ends it. What comes in place of something else, `from`, is
    /// there in the moment in which that ends.
    ///
    /// # Errors
    /// When the caller may not write, the entity does not exist, or the type does not support a permission; when there
    /// is nothing `from` which to replace, or something in the new place already.
    pub async fn replace(
        &self,
        caller: &Caller,
        owner: Party,
        from: Option<GrantedOn>,
        on: GrantedOn,
        permissions: BTreeSet<PermissionName>,
    ) -> Result<Written, ServiceError> {
        self.change(caller, AuditOperation::Update, owner, from, on, |_| permissions).await
    }

    /// The resources that authorizations name, by type and key.
    ///
    /// # Errors
    /// When the caller may not read.
    pub async fn resources(
        &self,
        caller: &Caller,
        search: Option<&str>,
        page: PageRequest,
    ) -> Result<Page<Resource>, ServiceError> {
        self.gate
            .read(caller, EntityKind::Resource, "", |world| {
                let named: BTreeSet<Resource> = managed(world, world.authorizations())
                    .filter_map(|authorization| {
                        let key = authorization.scope.resource_id()?.to_owned();
                        Some(Resource { resource_type: authorization.resource_type, key })
                    })
                    .filter(|resource| matches_text(search, &[&resource.key]))
                    .collect();
                page.cut(named.into_iter())
            })
            .await
    }

    /// Checks that a resource could be authorized on. It becomes known with its first authorization.
    ///
    /// # Errors
    /// When the caller may not write, or there is no such type.
    pub async fn register(&self, caller: &Caller, resource: &Resource) -> Result<Written, ServiceError> {
        let entity = AuditEntity { kind: EntityKind::Resource, key: resource.key.clone() };
        let attempt = AuditDraft { operation: AuditOperation::Create, entity, related: None };
        self.gate
            .write(caller, attempt, |world| {
                known_type(world, &resource.resource_type)?;
                Ok(Vec::new())
            })
            .await
    }

    async fn change(
        &self,
        caller: &Caller,
        operation: AuditOperation,
        owner: Party,
        from: Option<GrantedOn>,
        on: GrantedOn,
        permissions: impl FnOnce(BTreeSet<PermissionName>) -> BTreeSet<PermissionName> + Send,
    ) -> Result<Written, ServiceError> {
        let entity = authorization(String::new());
        let attempt = AuditDraft { operation, entity, related: Some(AuditEntity::from(&owner)) };
        self.gate
            .write(caller, attempt, |world| {
                known_type(world, &on.resource_type)?;
                let of = |on: &GrantedOn| world.owned_by(&owner).filter(|held| on.is_of(held)).collect::<Vec<_>>();
                let current = of(&on);
                if let Some(from) = from {
                    let moved = of(&from);
                    return match current.first() {
                        _ if moved.is_empty() => Err(Refusal::Missing(authorization(String::new()))),
                        Some(there) if from != on => Err(Refusal::Exists(authorization(there.key.to_string()))),
                        _ => Ok(change(moved, owner, on, permissions(BTreeSet::new()))),
                    };
                }
                let held: BTreeSet<PermissionName> =
                    current.iter().flat_map(|held| held.permissions.iter().cloned()).collect();
                let wanted = permissions(held.clone());
                Ok(if wanted == held { Vec::new() } else { change(current, owner, on, wanted) })
            })
            .await
    }
}

/// The commands that leave one authorization with the wanted permissions, or none.
fn change(current: Vec<Authorization>, owner: Party, on: GrantedOn, wanted: BTreeSet<PermissionName>) -> Vec<Command> {
    let mut current = current.into_iter().map(|held| held.key);
    let kept = if wanted.is_empty() { None } else { current.next() };
    let mut commands: Vec<Command> = current.map(Command::DeleteAuthorization).collect();
    if !wanted.is_empty() {
        let GrantedOn { resource_type, scope, condition } = on;
        let new = NewAuthorization { owner, resource_type, scope, permissions: wanted, condition };
        commands.push(match kept {
            Some(key) => Command::UpdateAuthorization(key, new),
            None => Command::CreateAuthorization(new),
        });
    }
    commands
}

fn known_type(world: &World, name: &ResourceTypeName) -> Result<(), Refusal> {
    let kind = world.matrix().index(name.as_str()).and_then(|index| world.matrix().get(index));
    if kind.is_some_and(|kind| kind.family != Family::Cluster) {
        Ok(())
    } else {
        Err(Refusal::Unsupported(crate::matrix::UnknownAccess::ResourceType(name.to_string())))
    }
}

fn authorization(key: String) -> AuditEntity {
    AuditEntity { kind: EntityKind::Authorization, key }
}

/// Those of the authorizations that are managed here.
fn managed<'w>(
    world: &'w World,
    authorizations: impl Iterator<Item = Authorization> + 'w,
) -> impl Iterator<Item = Authorization> + 'w {
    authorizations.filter(|authorization| known_type(world, &authorization.resource_type).is_ok())
}

/// One entry for each owner and resource, in that order.
fn merged(authorizations: impl Iterator<Item = Authorization>) -> Vec<EntityAuthorization> {
    let mut merged: BTreeMap<(Party, ResourceTypeName, Scope, Option<Condition>), BTreeSet<PermissionName>> =
        BTreeMap::new();
    for Authorization { owner, resource_type, scope, permissions, condition, .. } in authorizations {
        merged.entry((owner, resource_type, scope, condition)).or_default().extend(permissions);
    }
    merged
        .into_iter()
        .map(|((owner, resource_type, scope, condition), permissions)| EntityAuthorization {
            owner,
            resource_type,
            scope,
            condition,
            permissions,
        })
        .collect()
}
