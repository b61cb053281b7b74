//! Tenant members and authorizations, in the form of the replaced service (docs/reference/management-api.md §7.4).

use std::collections::BTreeSet;

use identity_core::catalog::{Family, ResourceCatalog};
use identity_core::entity::Scope;
use identity_core::value::{ClientId, Name, PermissionName, ResourceTypeName, Username};

use super::choices::MemberKind;
use super::reader::Reader;

/// Configured reference to a user, group or application, which is resolved at start-up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PartySeed {
    /// User with this username. In Keycloak, it is resolved to the user's id at start-up.
    User(Name),
    /// User with this id; in Keycloak, the id of the account.
    UserId(Username),
    /// Group by name; in Keycloak, subgroups by path.
    Group(Name),
    /// Application with this client id.
    Application(ClientId),
}

/// Configured authorization on a resource, to be created at start-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationSeed {
    /// User, group or application that gets the permissions.
    pub owner: PartySeed,
    /// Resource type of the management API, such as `process-definition`.
    pub resource_type: ResourceTypeName,
    /// The resource: a single one, or all (`*`).
    pub scope: Scope,
    /// Names of the granted permissions; at least one, supported by the resource type.
    pub permissions: BTreeSet<PermissionName>,
}

fn user(from: &Reader<'_>) -> Option<PartySeed> {
    if from.given("user-id") {
        return from.require("user-id", Username::parse).map(PartySeed::UserId);
    }
    from.require("username", Name::parse).map(PartySeed::User)
}

fn group(from: &Reader<'_>) -> Option<PartySeed> {
    from.require("group-name", Name::parse).map(PartySeed::Group)
}

fn application(from: &Reader<'_>) -> Option<PartySeed> {
    from.require("application-id", ClientId::parse).map(PartySeed::Application)
}

/// Reads a tenant member. The key `type` determines which key contains its name.
pub(super) fn member(from: &Reader<'_>) -> Option<PartySeed> {
    match from.require_choice("type", &MemberKind::WORDS)? {
        MemberKind::User => user(from),
        MemberKind::Group => group(from),
        MemberKind::Application => application(from),
    }
}

/// Reads the owner of an authorization. The keys of exactly one type of owner must be set.
fn owner(from: &Reader<'_>) -> Option<PartySeed> {
    let is_user = from.given("username") || from.given("user-id");
    match (is_user, from.given("group-name"), from.given("application-id")) {
        (true, false, false) => user(from),
        (false, true, false) => group(from),
        (false, false, true) => application(from),
        _ => {
            from.problem("", "needs one owner: `username`, `user-id`, `group-name` or `application-id`");
            None
        }
    }
}

/// Reads an authorization on a resource type of the management API. Reports invalid parts.
pub(super) fn authorization(from: &Reader<'_>) -> Option<AuthorizationSeed> {
    let matrix = ResourceCatalog::standard();
    let owner = owner(from);
    let resource_type = from.require("resource-type", |text| {
        let known = ResourceTypeName::parse(text).ok();
        let known = known.filter(|name| matrix.find(name.as_str()).is_some_and(|kind| kind.family != Family::Cluster));
        known.ok_or("must be a resource type of the management API, such as `process-definition`")
    });
    let scope = from.require("resource-key", Scope::from_resource_id);
    let permissions = from.list("permissions", |text| {
        let name = PermissionName::parse(text).map_err(|error| error.to_string())?;
        match resource_type.as_ref().map(|kind| matrix.access(kind.as_str(), text)) {
            Some(Err(unknown)) => Err(format!("must be supported: {unknown}")),
            Some(Ok(_)) | None => Ok(name),
        }
    });
    if from.is_empty("permissions") {
        from.problem("permissions", "must contain at least one permission");
    }
    let permissions = permissions.into_iter().collect();
    Some(AuthorizationSeed { owner: owner?, resource_type: resource_type?, scope: scope?, permissions })
}
