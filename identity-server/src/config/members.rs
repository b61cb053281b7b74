//! Members of tenants and authorizations, in the form of the replaced service (management reference §7.4).

use std::collections::BTreeSet;

use identity_core::entity::Scope;
use identity_core::matrix::{Family, Matrix};
use identity_core::value::{ClientId, Name, PermissionName, ResourceTypeName, Username};

use super::reader::Reader;

/// A user, group or application, as the configuration names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PartySeed {
    /// A user, by username.
    User(Name),
    /// A user, by id.
    UserId(Username),
    /// A group, by name; in Keycloak a subgroup by path.
    Group(Name),
    /// An application, by client id.
    Application(ClientId),
}

/// An authorization on a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationSeed {
    /// Its owner.
    pub owner: PartySeed,
    /// The kind of resource.
    pub resource_type: ResourceTypeName,
    /// The resource, or all.
    pub scope: Scope,
    /// The permissions.
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

/// A member of a tenant. Its type says which key names it.
pub(super) fn member(from: &Reader<'_>) -> Option<PartySeed> {
    let read: fn(&Reader<'_>) -> Option<PartySeed> = from.require_choice("type", |word| {
        Some(match word {
            "user" => user as fn(&Reader<'_>) -> Option<PartySeed>,
            "group" => group,
            "application" => application,
            _ => return None,
        })
    })?;
    read(from)
}

/// The owner of an authorization, who is named by one key.
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

/// An authorization on a resource of the types that the management API knows.
pub(super) fn authorization(from: &Reader<'_>) -> Option<AuthorizationSeed> {
    let matrix = Matrix::standard();
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
        from.problem("permissions", "must hold at least one permission");
    }
    let permissions = permissions.into_iter().collect();
    Some(AuthorizationSeed { owner: owner?, resource_type: resource_type?, scope: scope?, permissions })
}
