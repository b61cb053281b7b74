//! Filters of entity searches (docs/reference/orchestration-cluster.md §1.1 to §1.6).

use super::budget::{CANDIDATE_STEPS, SearchBudget};
use super::page::SearchText;
use super::query::TextFilter;
use crate::catalog::Family;
use crate::entity::{Group, MappingRule, PartyKind, Role, Tenant, User};
use crate::value::{PermissionName, ResourceTypeName};

/// Filter of a search. All conditions must hold and, if there are alternatives, at least one alternative.
#[derive(Clone, Debug)]
pub struct Filter<F> {
    /// Conditions that must hold.
    pub all: F,
    /// Alternatives. At least one must hold, unless the list is empty.
    pub any: Vec<F>,
    /// Text that one of the texts of the entity must contain, ignoring case.
    pub text: Option<SearchText>,
}

impl<F: Default> Default for Filter<F> {
    fn default() -> Self {
        Self::from(F::default())
    }
}

impl<F> From<F> for Filter<F> {
    fn from(all: F) -> Self {
        Self { all, any: Vec::new(), text: None }
    }
}

/// Set of conditions on the texts of an entity. All of them must hold.
pub trait Conditions {
    /// Returns whether the set has no conditions, so that every entity matches.
    fn is_empty(&self) -> bool;
    /// Returns the condition on the id, if any. It can narrow the search to a range of an index.
    fn on_id(&self) -> Option<&TextFilter>;
}

/// Conditions that can be evaluated on an entity of type `T`.
pub trait Holds<T>: Conditions {
    /// Returns whether the conditions hold for `one`. Evaluation takes steps from the budget.
    fn hold(&self, one: &T, budget: &SearchBudget) -> bool;
    /// Returns the texts of `one` that the conditions compare.
    fn texts(one: &T) -> impl Iterator<Item = &str>;
}

impl<F: Conditions> Filter<F> {
    /// Returns whether an entity matches. Always `false` once the budget is exhausted.
    pub(super) fn passes<T>(&self, one: &T, budget: &SearchBudget) -> bool
    where
        F: Holds<T>,
    {
        budget.take(CANDIDATE_STEPS)
            && self.all.hold(one, budget)
            && (self.any.is_empty() || self.any.iter().any(|either| either.hold(one, budget)))
            && self.text.as_ref().is_none_or(|text| text.is_in(F::texts(one), budget))
    }

    /// Returns whether the filter has no conditions.
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty() && self.any.is_empty() && self.text.is_none()
    }
}

macro_rules! conditions {
    ($(#[$doc:meta])* $name:ident of $first:ident $($field:ident),*; $($entity:ty => |$one:ident| $($text:expr),+);+ $(;)?) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default)]
        pub struct $name {
            #[doc = concat!("Condition on `", stringify!($first), "`.")]
            pub $first: Option<TextFilter>,
            $(#[doc = concat!("Condition on `", stringify!($field), "`.")] pub $field: Option<TextFilter>),*
        }

        impl $name {
            fn each(&self) -> impl Iterator<Item = Option<&TextFilter>> {
                [self.$first.as_ref(), $(self.$field.as_ref()),*].into_iter()
            }
        }

        impl Conditions for $name {
            fn is_empty(&self) -> bool {
                self.each().all(|filter| filter.is_none())
            }

            fn on_id(&self) -> Option<&TextFilter> {
                self.$first.as_ref()
            }
        }

        $(impl Holds<$entity> for $name {
            fn hold(&self, $one: &$entity, budget: &SearchBudget) -> bool {
                let texts = [$($text),+];
                self.each().zip(texts).all(|(filter, text)| filter.is_none_or(|filter| filter.matches(text, budget)))
            }

            fn texts($one: &$entity) -> impl Iterator<Item = &str> {
                [$($text),+].into_iter().flatten()
            }
        })+
    };
}

conditions! {
    /// Filter for users.
    UserFilter of username name, email;
    User => |user| Some(user.username.as_str()), user.name.as_ref().map(|name| name.as_str()),
        user.email.as_ref().map(|email| email.as_str());
}
conditions! {
    /// Filter for groups, roles or tenants.
    NamedFilter of id name;
    Group => |group| Some(group.id.as_str()), Some(group.name.as_str());
    Role => |role| Some(role.id.as_str()), Some(role.name.as_str());
    Tenant => |tenant| Some(tenant.id.as_str()), Some(tenant.name.as_str());
}
conditions! {
    /// Filter for mapping rules.
    RuleFilter of id claim_name, claim_value, name;
    MappingRule => |rule| Some(rule.id.as_str()), Some(rule.selector.as_str()), Some(rule.value.as_str()),
        Some(rule.name.as_str());
}

/// Filter for authorizations.
#[derive(Clone, Debug, Default)]
pub struct AuthorizationFilter {
    /// Id of the owner.
    pub owner_id: Option<String>,
    /// Kind of the owner.
    pub owner_type: Option<PartyKind>,
    /// Ids of the resources. One must match; `*` matches a grant on all resources.
    pub resource_ids: Option<Vec<String>>,
    /// Names of the properties. One must match.
    pub resource_property_names: Option<Vec<String>>,
    /// Name of the resource type.
    pub resource_type: Option<ResourceTypeName>,
    /// Permission that the authorization must include. A condition is not evaluated.
    pub permission: Option<PermissionName>,
    /// Text that the id or the name of the owner, or the id of the resource, must contain, ignoring case.
    pub text: Option<SearchText>,
    /// Families of resource types. One must contain the type of the authorization.
    pub families: Option<&'static [Family]>,
}

impl AuthorizationFilter {
    /// Returns whether the filter has no conditions other than `families`.
    pub(super) fn is_empty(&self) -> bool {
        self.owner_id.is_none()
            && self.owner_type.is_none()
            && self.resource_ids.is_none()
            && self.resource_property_names.is_none()
            && self.resource_type.is_none()
            && self.permission.is_none()
            && self.text.is_none()
    }
}
