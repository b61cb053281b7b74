//! `/api`: the management API (management reference §1-2).

pub(crate) mod audit_log;
pub(crate) mod authorizations;
pub(crate) mod capabilities;
pub(crate) mod clients;
pub(crate) mod creation;
pub(crate) mod for_token;
pub(crate) mod groups;
pub(crate) mod mapping_rules;
pub(crate) mod me;
pub(crate) mod memberships;
pub(crate) mod resource_servers;
pub(crate) mod resource_types;
pub(crate) mod roles;
pub(crate) mod sessions;
pub(crate) mod tenants;
pub(crate) mod users;
pub(crate) mod view;

use std::sync::Arc;

use actix_web::web::{Data, ServiceConfig};
use serde::{Deserialize, Deserializer};
use utoipa::IntoResponses;

use crate::Surfaces;
use crate::problem::ProblemDocument;

/// The failures that every operation may answer with.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only described, never built")]
pub(crate) enum Failures {
    /// The body, a path id or a query parameter is not what it should be.
    #[response(status = 400, content_type = "application/problem+json")]
    BadRequest(ProblemDocument),
    /// Nobody is authenticated.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(ProblemDocument),
    /// The caller may not do this, or it is protected.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(ProblemDocument),
    /// There is nothing of that key.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(ProblemDocument),
    /// It exists already, authorizations name it already, or no administrator would be left.
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(ProblemDocument),
    /// Too many attempts to sign in have failed; `Retry-After` says when to try again.
    #[response(status = 429, content_type = "application/problem+json")]
    TooManyRequests(ProblemDocument),
    /// The directory refuses this server, which an operator has to mend.
    #[response(status = 502, content_type = "application/problem+json")]
    BadGateway(ProblemDocument),
    /// The store, the directory or the token's issuer cannot be reached now.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(ProblemDocument),
}

pub(crate) fn mount(surfaces: &Surfaces, api: &mut ServiceConfig) {
    me::mount(api);
    capabilities::mount(surfaces, api);
    if let Some(logs) = &surfaces.audit_logs {
        audit_log::mount(api.app_data(Data::from(Arc::clone(logs))));
    }
    if let Some(sign_in) = &surfaces.sign_in {
        sessions::mount(api.app_data(Data::from(Arc::clone(&sign_in.sessions))));
    }
    for_token::mount_groups(api);
    if let Some(people) = &surfaces.people {
        users::mount(api.app_data(Data::from(Arc::clone(people))));
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
    if let Some(memberships) = &surfaces.memberships {
        memberships::mount(api.app_data(Data::from(Arc::clone(memberships))));
    }
    if let Some(roles) = &surfaces.roles {
        roles::mount(api.app_data(Data::from(Arc::clone(roles))));
    }
    if let Some(tenants) = &surfaces.tenants {
        for_token::mount_tenants(api);
        tenants::mount(api.app_data(Data::from(Arc::clone(tenants))));
    }
    if let Some(rules) = &surfaces.mapping_rules {
        mapping_rules::mount(api.app_data(Data::from(Arc::clone(rules))));
    }
    if let Some(authorizations) = &surfaces.authorizations {
        for_token::mount_authorizations(api);
        resource_types::mount(api);
        authorizations::mount(api.app_data(Data::from(Arc::clone(authorizations))));
    }
}

/// A member that may be left out, which is not the same as null.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(value: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(value).map(Some)
}
