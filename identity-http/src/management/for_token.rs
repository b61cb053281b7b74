//! What the bearer of a token has (management reference §2). Needs a valid token and no permission: the token is the
//! question. Applications ask with the tokens that they are called with, which are for their own API.

use actix_web::HttpResponse;
use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::web::{Query, ServiceConfig};

use super::Failures;
use super::me::PermissionsQuery;
use super::view::{ResourceAuthorizationView, TenantView};
use crate::authentication::Bearer;
use crate::route::resource;

/// The paths below, with nothing but the base path in front.
const PATHS: [&str; 4] =
    ["/api/groups/for-token", "/api/permissions/for-token", "/api/tenants/for-token", "/api/authorizations/for-token"];

/// Whether a request asks what the bearer of its token has. For these, a token for another API of this installation is good.
pub(crate) fn is_about_the_bearer(request: &ServiceRequest) -> bool {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    is_read && request.match_pattern().is_some_and(|pattern| PATHS.iter().any(|path| pattern.ends_with(path)))
}

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

/// Lists the permissions of the token's bearer on an API: how an application learns them where tokens do not say.
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

/// Lists what the token's bearer may do with resources: one entry for each resource, the union of all ways.
#[utoipa::path(get, path = "/api/authorizations/for-token", tag = "for-token",
    responses((status = 200, body = Vec<ResourceAuthorizationView>), Failures))]
pub(crate) async fn authorizations(Bearer(caller): Bearer) -> HttpResponse {
    let views: Vec<_> = caller
        .authorizations()
        .into_iter()
        .filter_map(|((resource_type, scope), permissions)| {
            ResourceAuthorizationView::new(&resource_type, &scope, permissions)
        })
        .collect();
    HttpResponse::Ok().json(views)
}
