//! The OpenAPI document, made from the handlers.

use actix_web::HttpResponse;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::access::{evaluation, explain, inspect, review, search, simulate};
use crate::cluster::Describe;
use crate::management::{authorizations, for_token, groups, mapping_rules, me, resource_types, roles, tenants};
use crate::problem::ProblemDocument;

#[derive(OpenApi)]
#[openapi(
    info(title = "Identity", description = "Who may do what, for a platform of applications."),
    paths(
        me::me,
        me::permissions,
        for_token::groups,
        for_token::tenants,
        for_token::authorizations,
        groups::list,
        groups::create,
        groups::find,
        groups::rename,
        groups::delete,
        groups::users,
        groups::add_user,
        groups::remove_user,
        groups::roles,
        groups::add_role,
        groups::remove_role,
        groups::authorizations,
        roles::list,
        roles::create,
        roles::find,
        roles::describe,
        roles::delete,
        roles::permissions,
        roles::grant,
        roles::revoke,
        tenants::list,
        tenants::create,
        tenants::find,
        tenants::rename,
        tenants::delete,
        tenants::users,
        tenants::add_users,
        tenants::remove_user,
        tenants::groups,
        tenants::add_groups,
        tenants::remove_group,
        tenants::applications,
        tenants::add_applications,
        tenants::remove_application,
        mapping_rules::list,
        mapping_rules::create,
        mapping_rules::find,
        mapping_rules::replace,
        mapping_rules::delete,
        authorizations::list,
        authorizations::add,
        authorizations::replace,
        authorizations::resources,
        authorizations::register,
        resource_types::list,
        resource_types::create,
        resource_types::replace,
        resource_types::delete,
        evaluation::evaluation,
        evaluation::evaluations,
        search::subject,
        search::resource_search,
        search::action_search,
        explain::explain,
        explain::denial,
        inspect::inspect,
        inspect::recent,
        simulate::simulate,
        review::of_resource,
        review::of_subject,
        review::of_administrators,
    ),
    components(schemas(ProblemDocument)),
    modifiers(&Schemes, &Describe, &OperationIds),
    security(("bearer" = []), ("basic" = [])),
)]
struct Document;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        for (name, scheme) in [("bearer", HttpAuthScheme::Bearer), ("basic", HttpAuthScheme::Basic)] {
            let scheme = HttpBuilder::new().scheme(scheme).build();
            components.add_security_scheme(name, SecurityScheme::Http(scheme));
        }
    }
}

/// Handlers of different resources have the same names; operations may not (OpenAPI 3.1.0 §4.8.10).
struct OperationIds;

impl Modify for OperationIds {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for item in document.paths.paths.values_mut() {
            let methods = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
            for operation in methods.into_iter().flatten() {
                let tag = operation.tags.iter().flatten().next();
                let parts = tag.into_iter().chain(&operation.operation_id).map(|part| part.replace('-', "_"));
                operation.operation_id = Some(parts.collect::<Vec<_>>().join("_"));
            }
        }
    }
}

/// The OpenAPI document of all surfaces, whatever is mounted.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// Serves the document; needs no credentials, as it says nothing about anybody.
pub(crate) async fn serve() -> HttpResponse {
    HttpResponse::Ok().json(document())
}
