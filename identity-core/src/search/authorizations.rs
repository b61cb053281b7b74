//! Searches for authorizations (docs/reference/orchestration-cluster.md §1.6): through an index by owner or by
//! resource, otherwise with a scan.

use std::borrow::Cow;
use std::ops::Bound;

use super::budget::{CANDIDATE_STEPS, SearchBudget, SearchStopped};
use super::filters::AuthorizationFilter;
use super::query::{Found, Key, Row, SortBy, Window};
use super::select::{Keys, Rows, select_by_key};
use super::visibility::Visible;
use crate::catalog::{Access, TypeIndex};
use crate::entity::{Authorization, Scope};
use crate::value::AuthorizationKey;
use crate::world::{Kind, Record, Run, Symbol, World};

/// Sort fields of authorizations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthorizationField {
    /// Id of the owner.
    OwnerId,
    /// Kind of the owner, such as `GROUP`.
    OwnerType,
    /// Id of the resource, or `*` for all resources. Missing if the authorization is limited by a property.
    ResourceId,
    /// Name of the property. Missing if the authorization is not limited by a property.
    ResourcePropertyName,
    /// Name of the resource type.
    ResourceType,
}

/// Authorization in the compact form of the world. A search examines many authorizations and converts only those that
/// it returns.
struct AuthorizationRow<'w> {
    world: &'w World,
    key: AuthorizationKey,
    record: &'w Record,
}

impl Row for AuthorizationRow<'_> {
    type Field = AuthorizationField;

    fn text(&self, field: AuthorizationField) -> Option<Cow<'_, str>> {
        let Record { owner, resource_type, scope, .. } = self.record;
        Some(Cow::Borrowed(match field {
            AuthorizationField::OwnerId => self.world.names().text(*owner)?,
            AuthorizationField::OwnerType => owner.kind().name(),
            AuthorizationField::ResourceId => scope.resource_id()?,
            AuthorizationField::ResourcePropertyName => property(scope)?,
            AuthorizationField::ResourceType => self.world.catalog().get(*resource_type)?.name.as_str(),
        }))
    }

    fn key(&self) -> Key<'_> {
        Key::Number(self.key.0)
    }

    fn is_key(_: AuthorizationField) -> bool {
        false
    }
}

type Bounds = (Bound<AuthorizationKey>, Bound<AuthorizationKey>);

/// Filter with its names resolved to symbols and type indexes of one world.
struct Wanted<'f> {
    world: &'f World,
    filter: &'f AuthorizationFilter,
    owners: Option<Vec<Symbol>>,
    kind: Option<Kind>,
    resource_type: Option<TypeIndex>,
    /// The permission of the filter on each resource type that has it.
    accesses: Option<Vec<Access>>,
    /// Resource types that have authorizations and that the filter excludes.
    without: Vec<TypeIndex>,
}

impl<'f> Wanted<'f> {
    /// Resolves the names of a filter. `None` if the resource type does not exist, so that no authorization can match.
    fn new(world: &'f World, filter: &'f AuthorizationFilter) -> Option<Self> {
        let owners = filter.owner_id.as_ref().map(|id| world.symbols(id, filter.owner_type).collect());
        let resource_type = match &filter.resource_type {
            None => None,
            Some(name) => Some(world.catalog().index(name.as_str())?),
        };
        let accesses = filter.permission.as_ref().map(|permission| {
            let types = world.catalog().types();
            types.filter_map(|kind| world.catalog().access(kind.name.as_str(), permission.as_str()).ok()).collect()
        });
        let without = filter.families.map_or_else(Vec::new, |families| world.types_outside(families));
        Some(Self { world, filter, owners, kind: filter.owner_type.map(Kind::from), resource_type, accesses, without })
    }

    fn passes(&self, record: &Record, budget: &SearchBudget) -> bool {
        let names = |wanted: &Option<Vec<String>>| wanted.as_ref().map_or(0, Vec::len);
        let listed_names = names(&self.filter.resource_ids) + names(&self.filter.resource_property_names);
        if !budget.take(CANDIDATE_STEPS + listed_names) {
            return false;
        }
        let listed = |wanted: &Option<Vec<String>>, text: Option<&str>| {
            wanted.as_ref().is_none_or(|wanted| text.is_some_and(|text| wanted.iter().any(|id| id == text)))
        };
        self.owners.as_ref().is_none_or(|owners| owners.contains(&record.owner))
            && self.kind.is_none_or(|kind| record.owner.kind() == kind)
            && self.resource_type.is_none_or(|kind| record.resource_type == kind)
            && !self.without.contains(&record.resource_type)
            && listed(&self.filter.resource_ids, record.scope.resource_id())
            && listed(&self.filter.resource_property_names, property(&record.scope))
            && self.accesses.as_ref().is_none_or(|any| any.iter().any(|access| record.would_give(*access)))
            && self.filter.text.as_ref().is_none_or(|text| {
                let owner = self.world.names().party(record.owner);
                owner.is_some_and(|owner| text.is_in(self.world.texts_of(&owner, &record.scope), budget))
            })
    }

    /// Returns the sorted keys of the candidates if the visible keys or an index limit them. `None` if the search reads
    /// all authorizations, or those of one owner, in the order of their keys.
    fn indexed(&self, world: &World, visible: &Visible) -> Option<Vec<AuthorizationKey>> {
        let scopes = |names: &Option<Vec<String>>, run: for<'w> fn(&'w World, TypeIndex, &str) -> Option<&'w Run>| {
            let types = || world.catalog().indexes().filter(|kind| self.resource_type.is_none_or(|only| only == *kind));
            let runs = names.as_ref()?.iter().flat_map(|name| types().filter_map(|kind| run(world, kind, name)));
            let grants = runs.flat_map(|run| match &self.owners {
                Some(owners) => owners.iter().flat_map(|owner| run.of_owner(*owner)).collect::<Vec<_>>(),
                None => run.iter().collect(),
            });
            Some(grants.map(|grant| grant.key).collect::<Vec<_>>())
        };
        let mut keys = match (visible, &self.owners) {
            (Visible::Only(keys), _) => keys.iter().filter_map(|key| key.parse().ok().map(AuthorizationKey)).collect(),
            (Visible::All, _) if self.filter.resource_ids.is_some() => scopes(
                &self.filter.resource_ids,
                |w, kind, id| {
                    if id == "*" { w.run_on_any(kind) } else { w.run_on_id(kind, id) }
                },
            )?,
            (Visible::All, _) if self.filter.resource_property_names.is_some() => {
                scopes(&self.filter.resource_property_names, World::run_on_property)?
            }
            // The authorizations of a single owner are sorted by key already and need not be collected.
            (Visible::All, Some(owners)) if owners.len() != 1 => {
                owners.iter().flat_map(|owner| world.records_of(*owner)).map(|(key, _)| key).collect()
            }
            (Visible::All, _) => return None,
        };
        keys.sort_unstable();
        keys.dedup();
        Some(keys)
    }
}

fn property(scope: &Scope) -> Option<&str> {
    match scope {
        Scope::Property(name) => Some(name.as_str()),
        Scope::Any | Scope::Id(_) => None,
    }
}

/// Converts a range of keys to numeric bounds. `None` if the range is empty. A cursor key that is not a number is
/// before all keys.
fn bounds(keys: Keys<'_>) -> Option<Bounds> {
    let number = |key: &str| key.parse().ok().map(AuthorizationKey);
    Some(match keys {
        Keys::All => (Bound::Unbounded, Bound::Unbounded),
        Keys::After(key) => (number(key).map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded),
        Keys::Before(key) => (Bound::Unbounded, Bound::Excluded(number(key)?)),
    })
}

/// Searches the visible authorizations. `visible` contains their keys.
///
/// # Errors
/// When the search exceeds its budget or is cancelled.
pub fn authorizations(
    world: &World,
    visible: &Visible,
    filter: &AuthorizationFilter,
    sort: &[SortBy<AuthorizationField>],
    window: &Window,
    budget: &SearchBudget,
) -> Result<Found<Authorization>, SearchStopped> {
    let Some(wanted) = Wanted::new(world, filter) else { return Ok(Found { items: Vec::new(), total: 0, ends: None }) };
    let indexed = wanted.indexed(world, visible);
    let owner = wanted.owners.as_ref().and_then(|owners| owners.first());
    let all = *visible == Visible::All && filter.is_empty();
    let row = |key, record| AuthorizationRow { world, key, record };
    let rows = |keys: Keys<'_>| -> Rows<'_, AuthorizationRow<'_>> {
        let Some((from, to)) = bounds(keys) else { return Box::new(std::iter::empty()) };
        if all && wanted.without.is_empty() {
            return Box::new(world.records_between((from, to), row));
        }
        let records: Rows<'_, (AuthorizationKey, &Record)> = match (&indexed, owner) {
            (Some(all), _) => {
                let begin = all.partition_point(|key| matches!(from, Bound::Excluded(from) if *key <= from));
                let end = all.partition_point(|key| !matches!(to, Bound::Excluded(to) if *key >= to));
                let between = all.get(begin..end).unwrap_or_default();
                Box::new(between.iter().filter_map(|key| Some((*key, world.record_of(*key)?))))
            }
            (None, Some(owner)) => Box::new(world.records_of_between(*owner, (from, to))),
            (None, None) => Box::new(world.records_between((from, to), |key, record| (key, record))),
        };
        let passing = records.filter(|(_, record)| wanted.passes(record, budget));
        Box::new(passing.map(move |(key, record)| row(key, record)))
    };
    let left_out = || wanted.without.iter().map(|kind| world.count_on(*kind)).sum();
    let total = all.then(|| world.authorization_count().saturating_sub(left_out()));
    let found = select_by_key(rows, total, sort, window);
    let items = found.items.iter().filter_map(|row| world.authorization(row.key)).collect();
    budget.finished(Found { items, total: found.total, ends: found.ends })
}
