//! Searches for entities (docs/reference/orchestration-cluster.md §1.1 to §1.6): their filters, their sort fields, and
//! the index that serves each of them.

use std::borrow::Cow;
use std::collections::BTreeSet;

pub use super::authorizations::{AuthorizationField, authorizations};
use super::budget::{CANDIDATE_STEPS, SearchBudget, SearchStopped};
pub use super::filters::{AuthorizationFilter, Conditions, Filter, Holds, NamedFilter, RuleFilter, UserFilter};
use super::query::{Found, Key, Row, SortBy, Window};
use super::select::{Keys, Rows, select_by_key};
use super::span::Span;
use super::visibility::Visible;
use crate::entity::{Container, Group, MappingRule, Party, PartyKind, Role, Tenant, User};
use crate::world::World;

macro_rules! fields {
    ($(#[$doc:meta])* $name:ident for $row:ty { $($field:ident => $text:expr),+ $(,)? } key $id:ident $key:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $(#[doc = concat!("Field `", stringify!($field), "`.")] $field),+
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

            fn is_key(field: $name) -> bool {
                field == $name::$id
            }
        }
    };
}

fields! {
    /// Sort fields of users.
    UserField for User {
        Username => |user| Some(user.username.as_str()),
        Name => |user| user.name.as_ref().map(|name| name.as_str()),
        Email => |user| user.email.as_ref().map(|email| email.as_str()),
    } key Username |user| user.username.as_str()
}
fields! {
    /// Sort fields of groups.
    GroupField for Group {
        GroupId => |group| Some(group.id.as_str()),
        Name => |group| Some(group.name.as_str()),
    } key GroupId |group| group.id.as_str()
}
fields! {
    /// Sort fields of roles.
    RoleField for Role {
        RoleId => |role| Some(role.id.as_str()),
        Name => |role| Some(role.name.as_str()),
    } key RoleId |role| role.id.as_str()
}
fields! {
    /// Sort fields of tenants.
    TenantField for Tenant {
        TenantId => |tenant| Some(tenant.id.as_str()),
        Name => |tenant| Some(tenant.name.as_str()),
    } key TenantId |tenant| tenant.id.as_str()
}
fields! {
    /// Sort fields of mapping rules.
    RuleField for MappingRule {
        MappingRuleId => |rule| Some(rule.id.as_str()),
        ClaimName => |rule| Some(rule.selector.as_str()),
        ClaimValue => |rule| Some(rule.value.as_str()),
        Name => |rule| Some(rule.name.as_str()),
    } key MappingRuleId |rule| rule.id.as_str()
}

impl Row for Party {
    /// The only sort field is the id, which is also the key.
    type Field = ();

    fn text(&self, (): ()) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self.id()))
    }

    fn key(&self) -> Key<'_> {
        Key::Text(self.id())
    }

    fn is_key((): ()) -> bool {
        true
    }
}

macro_rules! searches {
    ($($(#[$doc:meta])* $search:ident: $entity:ty, $one:ident, $between:ident, $filter:ty, $field:ty;)+) => {
        $($(#[$doc])*
        ///
        /// # Errors
        /// When the search exceeds its budget or is cancelled.
        pub fn $search<'w>(
            world: &'w World,
            visible: &Visible,
            filter: &Filter<$filter>,
            sort: &[SortBy<$field>],
            window: &Window,
            budget: &SearchBudget,
        ) -> Result<Found<&'w $entity>, SearchStopped> {
            let span = Span::new(visible, filter.all.on_id());
            let rows = |keys: Keys<'_>| -> Rows<'_, &'w $entity> {
                let Some(bounds) = span.within(keys) else { return Box::new(std::iter::empty()) };
                match &span.only {
                    Some(ids) => Box::new(
                        ids.range::<str, _>(bounds).filter_map(|id| world.$one(id)).filter(|row| filter.passes(*row, budget)),
                    ),
                    None if filter.is_empty() => Box::new(world.$between(bounds)),
                    None => Box::new(world.$between(bounds).filter(|row| filter.passes(*row, budget))),
                }
            };
            let all = *visible == Visible::All && filter.is_empty();
            budget.finished(select_by_key(rows, all.then(|| world.$search().len()), sort, window))
        })+
    };
}

searches! {
    /// Searches the visible users.
    users: User, user, users_between, UserFilter, UserField;
    /// Searches the visible groups.
    groups: Group, group, groups_between, NamedFilter, GroupField;
    /// Searches the visible roles.
    roles: Role, role, roles_between, NamedFilter, RoleField;
    /// Searches the visible tenants.
    tenants: Tenant, tenant, tenants_between, NamedFilter, TenantField;
    /// Searches the visible mapping rules.
    mapping_rules: MappingRule, mapping_rule, mapping_rules_between, RuleFilter, RuleField;
}

/// Searches the members of a container that are of one kind, sorted by id. A container that does not exist has no
/// members.
///
/// # Errors
/// When the search exceeds its budget or is cancelled.
pub fn members(
    world: &World,
    container: &Container,
    kind: PartyKind,
    visible: &Visible,
    sort: &[SortBy<()>],
    window: &Window,
    budget: &SearchBudget,
) -> Result<Found<Party>, SearchStopped> {
    let span = Span::new(visible, None);
    let rows = |keys: Keys<'_>| -> Rows<'_, Party> {
        let Some(bounds) = span.within(keys) else { return Box::new(std::iter::empty()) };
        let members = world.members_between(container, kind, bounds);
        if *visible == Visible::All {
            return Box::new(members);
        }
        Box::new(members.filter(|member| budget.take(CANDIDATE_STEPS) && visible.includes(member.id())))
    };
    let total = (*visible == Visible::All).then(|| world.members_of_kind(container, kind).len());
    budget.finished(select_by_key(rows, total, sort, window))
}

/// Searches the visible roles among `ids`, such as the roles of an entity or the members of a tenant.
///
/// # Errors
/// When the search exceeds its budget or is cancelled.
pub fn roles_among<'w>(
    world: &'w World,
    ids: impl Iterator<Item = String>,
    visible: &Visible,
    filter: &Filter<NamedFilter>,
    sort: &[SortBy<RoleField>],
    window: &Window,
    budget: &SearchBudget,
) -> Result<Found<&'w Role>, SearchStopped> {
    let among: BTreeSet<String> = ids.filter(|id| visible.includes(id)).collect();
    roles(world, &Visible::Only(among), filter, sort, window, budget)
}

/// Searches the visible mapping rules among `ids`.
///
/// # Errors
/// When the search exceeds its budget or is cancelled.
pub fn mapping_rules_among<'w>(
    world: &'w World,
    ids: impl Iterator<Item = String>,
    visible: &Visible,
    filter: &Filter<RuleFilter>,
    sort: &[SortBy<RuleField>],
    window: &Window,
    budget: &SearchBudget,
) -> Result<Found<&'w MappingRule>, SearchStopped> {
    let among: BTreeSet<String> = ids.filter(|id| visible.includes(id)).collect();
    mapping_rules(world, &Visible::Only(among), filter, sort, window, budget)
}
