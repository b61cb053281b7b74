//! Matching of resource properties against the caller (docs/reference/orchestration-cluster.md §4.4).

use serde_json::Value;

use super::Property;
use crate::entity::Principal;
use crate::resolve::Subject;

/// Expected type of a property value, as JSON.
enum Holds {
    /// String with a username.
    User,
    /// Array of usernames.
    Users,
    /// Array of group ids.
    Groups,
}

/// Properties of built-in resource types that can name the caller. Other properties never match.
const PROPERTIES: &[(&str, Holds)] =
    &[("assignee", Holds::User), ("candidateUsers", Holds::Users), ("candidateGroups", Holds::Groups)];

/// Returns whether a value equals the caller's username. Always `false` for clients, which have no username.
pub(super) fn is_caller(subject: &Subject, value: &Value) -> bool {
    match &subject.principal {
        Principal::User(username) => value.as_str() == Some(username.as_str()),
        Principal::Client(_) => false,
    }
}

/// Returns whether a value equals the id of one of the caller's groups.
pub(super) fn is_callers_group(subject: &Subject, value: &Value) -> bool {
    value.as_str().is_some_and(|id| subject.groups.binary_search_by(|group| group.as_str().cmp(id)).is_ok())
}

/// Returns whether the value of a property names the caller. Clients have no username and match by group only. A value
/// that is missing or of the wrong type does not match.
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
