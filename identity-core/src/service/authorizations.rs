//! Resource authorizations in the management API: one entry per owner, resource and condition, with merged permissions.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use super::{Authorizer, Caller, ListRequest, ServiceError, Written};
use crate::apply::{Command, NewAuthorization, Refusal};
use crate::catalog::{Family, ResourceType};
use crate::entity::{AuditDraft, AuditEntity, AuditOperation, Authorization, Condition, EntityKind, Party, Scope};
use crate::search::{List, PageRequest, SearchText};
use crate::value::{PermissionName, ResourceTypeName, Version};
use crate::world::{Keys, Place, World};

/// Lists and changes authorizations, except those on resource types of the Orchestration Cluster.
pub struct Authorizations {
    pub(super) authorizer: Authorizer,
}

/// All permissions that an owner has on one target: a resource, under one condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityAuthorization {
    /// The user, client, group, role or mapping rule that receives the permissions.
    pub owner: Party,
    /// Type of the resource, built-in or custom.
    pub resource_type: ResourceTypeName,
    /// One resource, the resources with a certain property, or all resources of the type.
    pub scope: Scope,
    /// Condition under which the permissions apply; `None` if they apply always.
    pub condition: Option<Condition>,
    /// Names of the permissions, merged from all authorizations of the owner on this target.
    pub permissions: BTreeSet<PermissionName>,
}

/// Target of an authorization. All authorizations of one owner on the same target are managed as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantedOn {
    /// Type of the resource, built-in or custom.
    pub resource_type: ResourceTypeName,
    /// One resource, the resources with a certain property, or all resources of the type.
    pub scope: Scope,
    /// Condition under which the permissions apply; `None` if they apply always.
    pub condition: Option<Condition>,
}

/// Filters, search text and page for [`Authorizations::list`].
#[derive(Clone, Debug)]
pub struct AuthorizationList {
    /// The page, and a search text that the ID or the name of the owner, or the ID of the resource, must contain.
    pub list: ListRequest,
    /// Restricts the list to authorizations of this owner; `None` for all owners.
    pub owner: Option<Party>,
    /// Restricts the list to authorizations on this type; `None` for all types.
    pub resource_type: Option<ResourceTypeName>,
    /// Restricts the list to authorizations on this resource ID, or on all resources with `*`; `None` for any resource.
    pub resource_id: Option<String>,
    /// Restricts the list to authorizations with this permission; `None` for any permission.
    pub permission: Option<PermissionName>,
}

impl EntityAuthorization {
    /// Version of the permissions on the target: a digest of all fields.
    #[must_use]
    pub fn version(&self) -> Version {
        let Self { owner, resource_type, scope, condition, permissions } = self;
        Version::of(&(owner, resource_type, scope, condition, permissions))
    }
}

impl GrantedOn {
    fn is_of(&self, held: &Authorization) -> bool {
        held.resource_type == self.resource_type && held.scope == self.scope && held.condition == self.condition
    }
}

/// A built-in or custom resource type, with the permissions that it supports.
pub type ResourceKind = ResourceType;

/// A resource on which authorizations can exist. The resource itself is stored by another system.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resource {
    /// Type of the resource, built-in or custom.
    pub resource_type: ResourceTypeName,
    /// ID of the resource, or `*` for all resources of the type.
    pub key: String,
}

impl Authorizations {
    /// Creates the service on the engine of `authorizer`, which checks the caller's permission in every method.
    #[must_use]
    pub fn new(authorizer: Authorizer) -> Self {
        Self { authorizer }
    }

    /// Lists authorizations, sorted by owner, resource type and resource.
    ///
    /// # Errors
    /// When the caller lacks read permission.
    pub async fn list(
        &self,
        caller: &Caller,
        wanted: &AuthorizationList,
    ) -> Result<List<EntityAuthorization>, ServiceError> {
        self.authorizer.read(caller, EntityKind::Authorization, "", |_| listed(&caller.world, wanted)).await
    }

    /// Grants permissions on a target, in addition to those that the owner already has there, in one commit. Idempotent.
    ///
    /// # Errors
    /// When the caller lacks write permission, the owner does not exist, or the type does not support a permission.
    pub async fn add(
        &self,
        caller: &Caller,
        owner: Party,
        on: GrantedOn,
        permissions: BTreeSet<PermissionName>,
    ) -> Result<Written, ServiceError> {
        self.change(caller, AuditOperation::Create, owner, None, on, |held| {
            held.into_iter().chain(permissions).collect()
        })
        .await
    }

    /// Replaces the permissions of an owner on the target `on`. An empty set deletes the authorization.
    ///
    /// If `from` is given, the authorization is moved from that target to `on` in the same commit.
    ///
    /// # Errors
    /// When the caller lacks write permission, the owner does not exist, the type does not support a permission, no
    /// authorization exists at `from`, or `on` already has another one.
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

    /// Lists the resources that authorizations name, sorted by type and key. `search` matches any part of the key.
    ///
    /// # Errors
    /// When the caller lacks read permission.
    pub async fn resources(
        &self,
        caller: &Caller,
        search: Option<&str>,
        page: PageRequest,
    ) -> Result<List<Resource>, ServiceError> {
        self.authorizer.read(caller, EntityKind::Resource, "", |_| resources(&caller.world, search, page)).await
    }

    /// Checks that a resource of this type can have authorizations. Stores nothing: a resource is listed only after its
    /// first authorization is created.
    ///
    /// # Errors
    /// When the caller lacks write permission, or the type is unknown or belongs to the Orchestration Cluster.
    pub async fn register(&self, caller: &Caller, resource: &Resource) -> Result<Written, ServiceError> {
        let entity = AuditEntity { kind: EntityKind::Resource, key: resource.key.clone() };
        let attempt = AuditDraft::new(AuditOperation::Create, entity);
        self.authorizer
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
        let attempt = AuditDraft { related: Some(AuditEntity::from(&owner)), ..AuditDraft::new(operation, entity) };
        self.authorizer
            .write(caller, attempt, |world| {
                known_type(world, &on.resource_type)?;
                let of = |on: &GrantedOn| world.owned_by(&owner).filter(|held| on.is_of(held)).collect::<Vec<_>>();
                let current = of(&on);
                if caller.expected.is_some() {
                    let base = from.as_ref().unwrap_or(&on);
                    caller.expects(&authorization(String::new()), version(&owner, base, &of(base)))?;
                }
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

/// Returns the commands that replace `current`, the authorizations on one target, by a single one with the permissions
/// `wanted`. If `wanted` is empty, they delete all.
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

/// Returns the [version](EntityAuthorization::version) of what `owner` holds on one target by these authorizations.
fn version(owner: &Party, on: &GrantedOn, held: &[Authorization]) -> Version {
    let permissions: BTreeSet<&PermissionName> = held.iter().flat_map(|held| &held.permissions).collect();
    Version::of(&(owner, &on.resource_type, &on.scope, &on.condition, permissions))
}

fn known_type(world: &World, name: &ResourceTypeName) -> Result<(), Refusal> {
    let kind = world.catalog().index(name.as_str()).and_then(|index| world.catalog().get(index));
    if kind.is_some_and(|kind| kind.family != Family::Cluster) {
        Ok(())
    } else {
        Err(Refusal::Unsupported(crate::catalog::UnknownAccess::ResourceType(name.to_string())))
    }
}

fn authorization(key: String) -> AuditEntity {
    AuditEntity { kind: EntityKind::Authorization, key }
}

fn listed(world: &Arc<World>, wanted: &AuthorizationList) -> List<EntityAuthorization> {
    let AuthorizationList { list: ListRequest { search, page }, owner, resource_type, resource_id, permission } =
        wanted.clone();
    let world = Arc::clone(world);
    if search.is_none() && resource_id.is_none() && permission.is_none() {
        let places = world.listing().places(owner.as_ref(), resource_type.as_ref());
        let (first, total) = places.map_or((0, 0), |(_, positions)| (positions.start, positions.len()));
        let Range { start, end } = page.positions(total);
        return List::at(&world, first + start..first + end, Some(total), move |world, some| {
            let places = world.listing().places(None, resource_type.as_ref());
            let shown = places.map(|(places, _)| places.at(some, |place, keys| merged(world, place, keys)).collect());
            shown.unwrap_or_default()
        });
    }
    let sought = SearchText::new(&search.unwrap_or_default());
    List::scan(move |budget| {
        let is_wanted = |place: &Place, keys: &Keys| {
            sought.is_in(world.texts_of(&place.owner, &place.scope), budget)
                && resource_id.as_deref().is_none_or(|id| place.scope.resource_id() == Some(id))
                && permission.as_ref().is_none_or(|permission| gives(&world, place, keys, permission))
        };
        let places = world.listing().places(owner.as_ref(), resource_type.as_ref()).into_iter();
        let places = places.flat_map(|(places, positions)| places.at(positions, |place, keys| (place, keys)));
        page.cut(places.filter(|(place, keys)| is_wanted(place, keys))).map(|(place, keys)| merged(&world, place, keys))
    })
}

/// Whether the authorizations of an entry include a permission. Their condition is not evaluated.
fn gives(world: &World, place: &Place, keys: &Keys, permission: &PermissionName) -> bool {
    let Ok(access) = world.catalog().access(place.resource_type.as_str(), permission.as_str()) else { return false };
    let mut records = keys.as_slice().iter().filter_map(|key| world.record_of(*key));
    records.any(|record| record.would_give(access))
}

fn resources(world: &Arc<World>, search: Option<&str>, page: PageRequest) -> List<Resource> {
    let show =
        |(kind, key): (&ResourceTypeName, &Arc<str>)| Resource { resource_type: kind.clone(), key: key.to_string() };
    let total = world.listing().resource_count();
    let Some(sought) = search.map(SearchText::new) else {
        let read = move |world: &World, some| world.listing().resources(some).map(show).collect();
        return List::at(world, page.positions(total), Some(total), read);
    };
    let world = Arc::clone(world);
    List::scan(move |budget| {
        let all = world.listing().resources(0..total);
        page.cut(all.filter(|(_, key)| sought.is_in([&***key], budget))).map(show)
    })
}

/// Merges the authorizations of one owner on one target into an entry with the union of their permissions.
fn merged(world: &World, place: &Place, keys: &Keys) -> EntityAuthorization {
    let held = keys.as_slice().iter().filter_map(|key| world.authorization(*key));
    EntityAuthorization {
        owner: place.owner.clone(),
        resource_type: place.resource_type.clone(),
        scope: place.scope.clone(),
        condition: place.condition.as_deref().cloned(),
        permissions: held.flat_map(|held| held.permissions).collect(),
    }
}
