//! `/api/…/for-token`: rights of a token's bearer (docs/reference/management-api.md §2). Requires a valid token, but no
//! permission. Applications send the access token that they received, which is issued for their own API.

use std::collections::BTreeSet;

use actix_web::HttpResponse;
use actix_web::web::{Query, ServiceConfig};

use super::Failures;
use super::me::PermissionsQuery;
use super::view::{ResourceAuthorizationView, TenantView};
use crate::authentication::Bearer;
use crate::json_array;
use crate::route::resource;

pub(super) fn mount_groups(api: &mut ServiceConfig) {
    api.service(resource("/groups/for-token").get(groups)).service(resource("/permissions/for-token").get(permissions));
}

pub(super) fn mount_tenants(api: &mut ServiceConfig) {
    api.service(resource("/tenants/for-token").get(tenants));
}

pub(super) fn mount_authorizations(api: &mut ServiceConfig) {
    api.service(resource("/authorizations/for-token").get(authorizations));
}

/// Lists the ids of the groups of the token's bearer.
#[utoipa::path(get, path = "/api/groups/for-token", tag = "for-token",
    responses((status = 200, body = Vec<String>), Failures))]
pub(crate) async fn groups(Bearer(caller): Bearer) -> HttpResponse {
    HttpResponse::Ok().json(caller.subject.groups.iter().map(ToString::to_string).collect::<Vec<_>>())
}

/// Lists the permissions of the token's bearer on an API, for applications whose tokens do not contain them.
#[utoipa::path(get, path = "/api/permissions/for-token", tag = "for-token", params(PermissionsQuery),
    responses((status = 200, body = Vec<String>), Failures))]
pub(crate) async fn permissions(Bearer(caller): Bearer, query: Query<PermissionsQuery>) -> HttpResponse {
    let permissions = caller.permissions(query.audience.as_deref());
    HttpResponse::Ok().json(permissions.iter().map(ToString::to_string).collect::<Vec<_>>())
}

/// Lists the tenants of the token's bearer.
#[utoipa::path(get, path = "/api/tenants/for-token", tag = "for-token",
    responses((status = 200, body = Vec<TenantView>), Failures))]
pub(crate) async fn tenants(Bearer(caller): Bearer) -> HttpResponse {
    HttpResponse::Ok().json(caller.tenants().into_iter().map(TenantView::from).collect::<Vec<_>>())
}

/// Lists the authorizations of the token's bearer: one entry per resource, with the union of all grants.
#[utoipa::path(get, path = "/api/authorizations/for-token", tag = "for-token",
    responses((status = 200, body = Vec<ResourceAuthorizationView>), Failures))]
pub(crate) async fn authorizations(Bearer(caller): Bearer) -> HttpResponse {
    let view = |(kind, scope, permissions): (_, _, BTreeSet<_>)| {
        if permissions.is_empty() { None } else { ResourceAuthorizationView::new(kind, &scope, permissions) }
    };
    json_array::respond(caller.authorizations().map(view), None)
}
