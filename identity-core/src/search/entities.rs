//! Searching the entities of the world (orchestration reference §1.1-1.6): their filters, their sort fields, and which index
//! serves what.

use std::borrow::Cow;

use super::query::{Found, Key, Row, SortBy, TextFilter, Window};
use super::select::{Candidates, select};
use super::visibility::Visible;
use crate::entity::{Authorization, Container, Group, MappingRule, Party, PartyKind, Role, Scope, Tenant, User};
use crate::value::{AuthorizationKey, ResourceTypeName};
use crate::world::{Record, Sym, World};

macro_rules! fields {
    ($(#[$doc:meta])* $name:ident for $row:ty { $($field:ident => $text:expr),+ $(,)? } key $key:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $(#[doc = concat!("By `", stringify!($field), "`.")] $field),+
        }

        impl Row for &$row {
            type Field = $name;

            fn text(&self, field: $name) -> Option<Cow<'_, str>> {
                match field {
                    $($name::$field => {
                        let text: fn(&$row) -> Option<&str> = $text;
                        text(self).map(Cow::Borrowed)
                    })+
                }
            }

            fn key(&self) -> Key<'_> {
                let key: fn(&$row) -> &str = $key;
                Key::Text(key(self))
            }
        }
    };
}

fields! {
    /// What users can be sorted by.
    UserField for User {
        Username => |user| Some(user.username.as_str()),
        Name => |user| user.name.as_ref().map(|name| name.as_str()),
        Email => |user| user.email.as_ref().map(|email| email.as_str()),
    } key |user| user.username.as_str()
}
fields! {
    /// What groups can be sorted by.
    GroupField for Group {
        GroupId => |group| Some(group.id.as_str()),
        Name => |group| Some(group.name.as_str()),
    } key |group| group.id.as_str()
}
fields! {
    /// What roles can be sorted by.
    RoleField for Role {
        RoleId => |role| Some(role.id.as_str()),
        Name => |role| Some(role.name.as_str()),
    } key |role| role.id.as_str()
}
fields! {
    /// What tenants can be sorted by.
    TenantField for Tenant {
        TenantId => |tenant| Some(tenant.id.as_str()),
        Name => |tenant| Some(tenant.name.as_str()),
    } key |tenant| tenant.id.as_str()
}
fields! {
    /// What mapping rules can be sorted by.
    RuleField for MappingRule {
        MappingRuleId => |rule| Some(rule.id.as_str()),
        ClaimName => |rule| Some(rule.selector.as_str()),
        ClaimValue => |rule| Some(rule.value.as_str()),
        Name => |rule| Some(rule.name.as_str()),
    } key |rule| rule.id.as_str()
}

/// What authorizations can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthorizationField {
    /// By the owner's id.
    OwnerId,
    /// By the owner's kind.
    OwnerType,
    /// By the resource's id; `*` for all.
    ResourceId,
    /// By the property's name.
    ResourcePropertyName,
    /// By the resource type.
    ResourceType,
}

/// An authorization that has not been written out: a search looks at many and shows few.
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
            AuthorizationField::ResourcePropertyName => match scope {
                Scope::Property(name) => name.as_str(),
                Scope::Any | Scope::Id(_) => return None,
            },
            AuthorizationField::ResourceType => self.world.matrix().get(*resource_type)?.name.as_str(),
        }))
    }

    fn key(&self) -> Key<'_> {
        Key::Number(self.key.0)
    }
}

impl Row for Party {
    /// By the id, which is also the key.
    type Field = ();

    fn text(&self, (): ()) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self.id()))
    }

    fn key(&self) -> Key<'_> {
        Key::Text(self.id())
    }
}

/// Which users.
#[derive(Clone, Debug, Default)]
pub struct UserFilter {
    /// By username.
    pub username: Option<TextFilter>,
    /// By name.
    pub name: Option<TextFilter>,
    /// By e-mail.
    pub email: Option<TextFilter>,
}

/// Which groups, roles or tenants.
#[derive(Clone, Debug, Default)]
pub struct NamedFilter {
    /// By id.
    pub id: Option<TextFilter>,
    /// By name.
    pub name: Option<TextFilter>,
}

/// Which mapping rules.
#[derive(Clone, Debug, Default)]
pub struct RuleFilter {
    /// By id.
    pub id: Option<TextFilter>,
    /// By claim name.
    pub claim_name: Option<TextFilter>,
    /// By claim value.
    pub claim_value: Option<TextFilter>,
    /// By name.
    pub name: Option<TextFilter>,
}

/// Which authorizations.
#[derive(Clone, Debug, Default)]
pub struct AuthorizationFilter {
    /// Of the owner with this id.
    pub owner_id: Option<String>,
    /// Of owners of this kind.
    pub owner_type: Option<PartyKind>,
    /// On one of these resources; `*` is a grant on all.
    pub resource_ids: Option<Vec<String>>,
    /// Through one of these properties.
    pub resource_property_names: Option<Vec<String>>,
    /// On resources of this type.
    pub resource_type: Option<ResourceTypeName>,
}

/// Whether a condition, if there is one, holds for a text.
fn holds(filter: Option<&TextFilter>, text: Option<&str>) -> bool {
    filter.is_none_or(|filter| filter.matches(text))
}

/// Where the rows of a table of the world come from: those that may be seen one by one, or all in the order of their keys.
macro_rules! rows {
    ($world:expr, $visible:expr, $one:ident, $all:ident) => {{
        let (only, all) = match $visible {
            Visible::Only(ids) => (Some(ids), None),
            Visible::All => (None, Some($world.$all())),
        };
        let only = only.into_iter().flatten().filter_map(|id| $world.$one(id));
        only.chain(all.into_iter().flatten())
    }};
}

/// The number of rows, when nothing is filtered.
fn total(unfiltered: bool, visible: &Visible, all: usize) -> Option<usize> {
    (unfiltered && *visible == Visible::All).then_some(all)
}

/// Searches the users that may be seen.
#[must_use]
pub fn users<'w>(
    world: &'w World,
    visible: &Visible,
    filter: &UserFilter,
    sort: &[SortBy<UserField>],
    window: &Window,
) -> Found<&'w User> {
    let unfiltered = filter.username.is_none() && filter.name.is_none() && filter.email.is_none();
    let rows = rows!(world, visible, user, users).filter(|user| {
        holds(filter.username.as_ref(), Some(user.username.as_str()))
            && holds(filter.name.as_ref(), user.name.as_ref().map(|name| name.as_str()))
            && holds(filter.email.as_ref(), user.email.as_ref().map(|email| email.as_str()))
    });
    let total = total(unfiltered, visible, world.users().len());
    select(Candidates { rows, by_key: true, total }, sort, window)
}

macro_rules! named {
    ($(#[$doc:meta])* $search:ident, $one:ident, $all:ident, $entity:ty, $field:ty) => {
        $(#[$doc])*
        #[must_use]
        pub fn $search<'w>(
            world: &'w World,
            visible: &Visible,
            filter: &NamedFilter,
            sort: &[SortBy<$field>],
            window: &Window,
        ) -> Found<&'w $entity> {
            let rows = rows!(world, visible, $one, $all).filter(|row| {
                holds(filter.id.as_ref(), Some(row.id.as_str())) && holds(filter.name.as_ref(), Some(row.name.as_str()))
            });
            let total = total(filter.id.is_none() && filter.name.is_none(), visible, world.$all().len());
            select(Candidates { rows, by_key: true, total }, sort, window)
        }
    };
}

named!(
    /// Searches the groups that may be seen.
    groups, group, groups, Group, GroupField
);
named!(
    /// Searches the roles that may be seen.
    roles, role, roles, Role, RoleField
);
named!(
    /// Searches the tenants that may be seen.
    tenants, tenant, tenants, Tenant, TenantField
);

/// Searches the mapping rules that may be seen.
#[must_use]
pub fn mapping_rules<'w>(
    world: &'w World,
    visible: &Visible,
    filter: &RuleFilter,
    sort: &[SortBy<RuleField>],
    window: &Window,
) -> Found<&'w MappingRule> {
    let rows = rows!(world, visible, mapping_rule, mapping_rules).filter(|rule| passes(filter, rule));
    let total = total(is_empty(filter), visible, world.mapping_rules().len());
    select(Candidates { rows, by_key: true, total }, sort, window)
}

fn is_empty(filter: &RuleFilter) -> bool {
    filter.id.is_none() && filter.claim_name.is_none() && filter.claim_value.is_none() && filter.name.is_none()
}

fn passes(filter: &RuleFilter, rule: &MappingRule) -> bool {
    holds(filter.id.as_ref(), Some(rule.id.as_str()))
        && holds(filter.claim_name.as_ref(), Some(rule.selector.as_str()))
        && holds(filter.claim_value.as_ref(), Some(rule.value.as_str()))
        && holds(filter.name.as_ref(), Some(rule.name.as_str()))
}

/// Searches the authorizations that may be seen; what may be seen is said in keys.
#[must_use]
pub fn authorizations(
    world: &World,
    visible: &Visible,
    filter: &AuthorizationFilter,
    sort: &[SortBy<AuthorizationField>],
    window: &Window,
) -> Found<Authorization> {
    let unfiltered = filter.owner_id.is_none()
        && filter.owner_type.is_none()
        && filter.resource_ids.is_none()
        && filter.resource_property_names.is_none()
        && filter.resource_type.is_none();
    let listed = |wanted: &Option<Vec<String>>, text: Option<Cow<'_, str>>| {
        wanted.as_ref().is_none_or(|wanted| text.is_some_and(|text| wanted.iter().any(|id| *id == text)))
    };
    let is =
        |wanted: Option<&str>, text: Option<Cow<'_, str>>| wanted.is_none_or(|wanted| text.as_deref() == Some(wanted));
    let passes = |row: &AuthorizationRow<'_>| {
        is(filter.owner_id.as_deref(), row.text(AuthorizationField::OwnerId))
            && filter.owner_type.is_none_or(|kind| row.record.owner.kind() == kind.into())
            && listed(&filter.resource_ids, row.text(AuthorizationField::ResourceId))
            && listed(&filter.resource_property_names, row.text(AuthorizationField::ResourcePropertyName))
            && is(
                filter.resource_type.as_ref().map(ResourceTypeName::as_str),
                row.text(AuthorizationField::ResourceType),
            )
            && (*visible == Visible::All || visible.includes(&row.key.to_string()))
    };
    let row = |(key, record)| AuthorizationRow { world, key, record };
    let found = match &filter.owner_id {
        // An owner's authorizations are indexed; those of several kinds of owners together are not in the order of keys.
        Some(id) => {
            let owners: Vec<Sym> = world.symbols(id, filter.owner_type).collect();
            let by_key = owners.len() <= 1;
            let rows = owners.into_iter().flat_map(|owner| world.records_of(owner)).map(row).filter(passes);
            select(Candidates { rows, by_key, total: None }, sort, window)
        }
        None => {
            let total = total(unfiltered, visible, world.authorization_count());
            let rows = world.records().map(row).filter(passes);
            select(Candidates { rows, by_key: true, total }, sort, window)
        }
    };
    let items = found.items.iter().filter_map(|row| world.authorization(row.key)).collect();
    Found { items, total: found.total, ends: found.ends }
}

/// Searches the members of one kind that a container has, by id. A container that does not exist has none.
#[must_use]
pub fn members(
    world: &World,
    container: &Container,
    kind: PartyKind,
    visible: &Visible,
    sort: &[SortBy<()>],
    window: &Window,
) -> Found<Party> {
    let rows = world.members_of_kind(container, kind, None).filter(|member| visible.includes(member.id()));
    // Sorting by the only field is the order of the keys, or its reverse.
    select(Candidates { rows, by_key: true, total: None }, sort, window)
}

/// Searches the roles that something is a member of, or that are members of it.
#[must_use]
pub fn roles_among<'w>(
    world: &'w World,
    ids: impl Iterator<Item = String>,
    visible: &Visible,
    filter: &NamedFilter,
    sort: &[SortBy<RoleField>],
    window: &Window,
) -> Found<&'w Role> {
    let among: std::collections::BTreeSet<String> = ids.filter(|id| visible.includes(id)).collect();
    roles(world, &Visible::Only(among), filter, sort, window)
}

/// Searches the mapping rules among these.
#[must_use]
pub fn mapping_rules_among<'w>(
    world: &'w World,
    ids: impl Iterator<Item = String>,
    visible: &Visible,
    filter: &RuleFilter,
    sort: &[SortBy<RuleField>],
    window: &Window,
) -> Found<&'w MappingRule> {
    let among: std::collections::BTreeSet<String> = ids.filter(|id| visible.includes(id)).collect();
    mapping_rules(world, &Visible::Only(among), filter, sort, window)
}
