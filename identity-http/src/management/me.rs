//! `/api/me`: the authenticated caller (docs/reference/management-api.md §1.3). Requires authentication, but no
//! permission.

use actix_web::HttpResponse;
use actix_web::web::{Query, ServiceConfig};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Failures;
use crate::authentication::Authenticated;
use crate::route::resource;

pub(super) fn mount(api: &mut ServiceConfig) {
    api.service(resource("/me").get(me))
        .service(resource("/me/memberships").get(memberships))
        .service(resource("/me/permissions").get(permissions));
}

/// The authenticated caller.
#[derive(Serialize, ToSchema)]
pub(crate) struct MeView {
    /// Display name.
    name: String,
}

/// Ids of the groups, roles and tenants of the caller.
#[derive(Serialize, ToSchema)]
pub(crate) struct OwnMemberships {
    groups: Vec<String>,
    /// Roles, including those held through groups.
    roles: Vec<String>,
    /// Tenants, including those held through groups and roles.
    tenants: Vec<String>,
}

/// Selects the API whose permissions are listed.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PermissionsQuery {
    /// Audience of an API. Default: this service's own audience.
    pub(super) audience: Option<String>,
}

/// Returns the caller.
#[utoipa::path(get, path = "/api/me", tag = "me", responses((status = 200, body = MeView), Failures))]
pub(crate) async fn me(Authenticated(caller): Authenticated) -> HttpResponse {
    HttpResponse::Ok().json(MeView { name: caller.name().to_owned() })
}

/// Returns the caller's effective memberships.
#[utoipa::path(get, path = "/api/me/memberships", tag = "me", responses((status = 200, body = OwnMemberships), Failures))]
pub(crate) async fn memberships(Authenticated(caller): Authenticated) -> HttpResponse {
    fn texts<T: ToString>(ids: &[T]) -> Vec<String> {
        ids.iter().map(ToString::to_string).collect()
    }
    let subject = &caller.subject;
    HttpResponse::Ok().json(OwnMemberships {
        groups: texts(&subject.groups),
        roles: texts(&subject.roles),
        tenants: texts(&subject.tenants),
    })
}

/// Lists the caller's permissions on an API.
#[utoipa::path(get, path = "/api/me/permissions", tag = "me", params(PermissionsQuery),
    responses((status = 200, body = Vec<String>), Failures))]
pub(crate) async fn permissions(Authenticated(caller): Authenticated, query: Query<PermissionsQuery>) -> HttpResponse {
    let permissions = caller.permissions(query.audience.as_deref());
    HttpResponse::Ok().json(permissions.iter().map(ToString::to_string).collect::<Vec<_>>())
}
