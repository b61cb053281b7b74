//! `/api`: the management API (docs/reference/management-api.md §1 to §2).

pub(crate) mod audit_log;
pub(crate) mod authorizations;
pub(crate) mod bulk;
pub(crate) mod capabilities;
pub(crate) mod clients;
pub(crate) mod creation;
pub(crate) mod for_token;
pub(crate) mod groups;
pub(crate) mod health;
pub(crate) mod mapping_rules;
pub(crate) mod me;
pub(crate) mod memberships;
pub(crate) mod names;
pub(crate) mod password;
pub(crate) mod policies;
pub(crate) mod resource_servers;
pub(crate) mod resource_types;
pub(crate) mod roles;
pub(crate) mod sessions;
mod stored_users;
pub(crate) mod tenants;
pub(crate) mod users;
pub(crate) mod view;

use std::sync::Arc;

use actix_web::web::{Data, ServiceConfig};
use serde::{Deserialize, Deserializer};
use utoipa::IntoResponses;

use crate::Surfaces;
use crate::problem::ProblemDocument;

/// Errors common to all operations.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only described, never built")]
pub(crate) enum Failures {
    /// The body, an id in the path or a query parameter is invalid.
    #[response(status = 400, content_type = "application/problem+json")]
    BadRequest(ProblemDocument),
    /// The request is not authenticated.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(ProblemDocument),
    /// The caller lacks the required permission, or the entity is protected.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(ProblemDocument),
    /// The entity does not exist.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(ProblemDocument),
    /// The entity already exists, existing authorizations refer to its id, or the change would remove the last
    /// administrator.
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(ProblemDocument),
    /// Too many failed authentication attempts. `Retry-After` gives the delay.
    #[response(status = 429, content_type = "application/problem+json")]
    TooManyRequests(ProblemDocument),
    /// The directory denied the operation; operator action is required.
    #[response(status = 502, content_type = "application/problem+json")]
    BadGateway(ProblemDocument),
    /// The store, the directory or the token's issuer is unavailable.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(ProblemDocument),
}

pub(crate) fn mount(surfaces: &Surfaces, api: &mut ServiceConfig) {
    me::mount(api);
    // Registered before paths with parameters, which are slower to match: applications call these endpoints most.
    for_token::mount_groups(api);
    if surfaces.tenants.is_some() {
        for_token::mount_tenants(api);
    }
    if surfaces.authorizations.is_some() {
        for_token::mount_authorizations(api);
    }
    capabilities::mount(surfaces, api);
    if let Some(operations) = &surfaces.operations {
        health::mount(api.app_data(Data::from(Arc::clone(operations))));
    }
    if let Some(logs) = &surfaces.audit_logs {
        audit_log::mount(api.app_data(Data::from(Arc::clone(logs))));
    }
    if let Some(sign_in) = &surfaces.sign_in {
        sessions::mount(api.app_data(Data::from(Arc::clone(&sign_in.sessions))));
    }
    if let Some(people) = &surfaces.people {
        users::mount(api.app_data(Data::from(Arc::clone(people))));
    }
    if let Some(stored) = surfaces.cluster.as_ref().and_then(|cluster| cluster.users.as_ref()) {
        api.app_data(Data::from(Arc::clone(stored)));
        stored_users::mount(api);
        password::mount(api);
    }
    if let Some(clients) = &surfaces.clients {
        clients::mount(api.app_data(Data::from(Arc::clone(clients))));
    }
    if let Some(apis) = &surfaces.apis {
        resource_servers::mount(api.app_data(Data::from(Arc::clone(apis))));
    }
    if let Some(groups) = &surfaces.groups {
        groups::mount(api.app_data(Data::from(Arc::clone(groups))));
    }
    if let Some(bulk) = &surfaces.bulk {
        bulk::mount(api.app_data(Data::new(bulk.clone())));
        if let Some(decisions) = &surfaces.decisions {
            policies::mount(Arc::clone(&decisions.access), api);
        }
    }
    if let Some(memberships) = &surfaces.memberships {
        memberships::mount(api.app_data(Data::from(Arc::clone(memberships))), surfaces.tenants.is_some());
    }
    if let Some(names) = &surfaces.names {
        names::mount(api.app_data(Data::from(Arc::clone(names))));
    }
    if let Some(roles) = &surfaces.roles {
        roles::mount(api.app_data(Data::from(Arc::clone(roles))));
    }
    if let Some(tenants) = &surfaces.tenants {
        tenants::mount(api.app_data(Data::from(Arc::clone(tenants))));
    }
    if let Some(rules) = &surfaces.mapping_rules {
        mapping_rules::mount(api.app_data(Data::from(Arc::clone(rules))));
    }
    if let Some(authorizations) = &surfaces.authorizations {
        resource_types::mount(api);
        authorizations::mount(api.app_data(Data::from(Arc::clone(authorizations))));
    }
}

/// Deserializes a member that is present: null becomes `Some(None)`. With `#[serde(default)]`, an absent member is
/// `None`.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(value: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(value).map(Some)
}
