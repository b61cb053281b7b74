//! When a property of a resource names the caller (orchestration reference §4.4).

use serde_json::Value;

use super::Property;
use crate::entity::Principal;
use crate::resolve::Subject;

/// What a property holds.
enum Holds {
    /// One username.
    User,
    /// A list of usernames.
    Users,
    /// A list of group ids.
    Groups,
}

/// The properties that the matrix knows, as data. A property that is not here names nobody.
const PROPERTIES: &[(&str, Holds)] =
    &[("assignee", Holds::User), ("candidateUsers", Holds::Users), ("candidateGroups", Holds::Groups)];

/// Whether a value is the caller's username. Clients have none.
pub(super) fn is_caller(subject: &Subject, value: &Value) -> bool {
    match &subject.principal {
        Principal::User(username) => value.as_str() == Some(username.as_str()),
        Principal::Client(_) => false,
    }
}

/// Whether a value is the id of one of the caller's groups.
pub(super) fn is_callers_group(subject: &Subject, value: &Value) -> bool {
    value.as_str().is_some_and(|id| subject.groups.binary_search_by(|group| group.as_str().cmp(id)).is_ok())
}

/// Whether the property's value names the caller. Clients have no username; a missing or wrong-typed value names nobody.
pub(super) fn names_caller(subject: &Subject, property: &Property<'_>) -> bool {
    let Some((_, holds)) = PROPERTIES.iter().find(|(name, _)| *name == property.name) else { return false };
    let is_user = |value: &Value| is_caller(subject, value);
    let is_group = |value: &Value| is_callers_group(subject, value);
    let any = |test: &dyn Fn(&Value) -> bool| property.value.as_array().is_some_and(|list| list.iter().any(test));
    match holds {
        Holds::User => is_user(property.value),
        Holds::Users => any(&is_user),
        Holds::Groups => any(&is_group),
    }
}
