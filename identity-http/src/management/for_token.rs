//! What the bearer of a token has (management reference §2). Needs a valid token and no permission: the token is the
//! question.

use actix_web::HttpResponse;
use actix_web::web::{Query, ServiceConfig};

use super::Failures;
use super::me::PermissionsQuery;
use super::view::{ResourceAuthorizationView, TenantView};
use crate::authentication::Authenticated;
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
pub(crate) async fn groups(Authenticated(caller): Authenticated) -> HttpResponse {
    HttpResponse::Ok().json(caller.subject.groups.iter().map(ToString::to_string).collect::<Vec<_>>())
}

/// Lists the permissions of the token's bearer on an API: how an application learns them where tokens do not say.
#[utoipa::path(get, path = "/api/permissions/for-token", tag = "for-token", params(PermissionsQuery),
    responses((status = 200, body = Vec<String>), Failures))]
pub(crate) async fn permissions(Authenticated(caller): Authenticated, query: Query<PermissionsQuery>) -> HttpResponse {
    let permissions = caller.permissions(query.audience.as_deref());
    HttpResponse::Ok().json(permissions.iter().map(ToString::to_string).collect::<Vec<_>>())
}

/// Lists the tenants of the token's bearer.
#[utoipa::path(get, path = "/api/tenants/for-token", tag = "for-token",
    responses((status = 200, body = Vec<TenantView>), Failures))]
pub(crate) async fn tenants(Authenticated(caller): Authenticated) -> HttpResponse {
    HttpResponse::Ok().json(caller.tenants().into_iter().map(TenantView::from).collect::<Vec<_>>())
}

/// Lists what the token's bearer may do with resources: one entry for each resource, the union of all ways.
#[utoipa::path(get, path = "/api/authorizations/for-token", tag = "for-token",
    responses((status = 200, body = Vec<ResourceAuthorizationView>), Failures))]
pub(crate) async fn authorizations(Authenticated(caller): Authenticated) -> HttpResponse {
    let views: Vec<_> = caller
        .authorizations()
        .into_iter()
        .filter_map(|((resource_type, scope), permissions)| {
            ResourceAuthorizationView::new(&resource_type, &scope, permissions)
        })
        .collect();
    HttpResponse::Ok().json(views)
}
